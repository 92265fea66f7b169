// What makes one gateway differ from another: its path, its authorization, and how it words everything.
import type { Reply } from '../reply.mts';
import type { Family } from '../service/families.mts';
import type { Body } from '../service/fields.mts';
import type { Refusal } from '../service/refusal.mts';
import type { Task } from '../service/task.mts';
import type { Settings } from '../settings.mts';

/** What a dialect may look at while it words a reply. */
export interface View {
	/** Unix ms, service time. */
	readonly now: number;
	readonly settings: Settings;
	/** A fresh link to the video, or to its watermarked copy. */
	link(task: Task, marked?: boolean): string;
}

export type Prepared =
	| { readonly kind: 'send'; readonly body: Body; readonly clientKey: string | undefined }
	| { readonly kind: 'refuse'; readonly reply: Reply };

export interface Page {
	readonly pageNum: number;
	readonly pageSize: number;
}

export type CallKind = 'create' | 'get' | 'list' | 'other';

export interface Dialect {
	readonly name: string;
	/** What it stands for, in one line. */
	readonly about: string;
	/** What stands between the emulator's origin and `/v1/videos/…`. */
	readonly basePath: string;
	readonly authScheme: 'Bearer' | 'none';
	readonly acceptsJwt: boolean;
	readonly modelField: 'model_name' | 'model';
	readonly hasList: boolean;
	/** Whether a task can be asked for by its external id. */
	readonly hasExternalLookup: boolean;
	/** Request fields that never reach Kling. */
	readonly drops: readonly string[];
	readonly idForm: 'digits' | 'uuid';

	/** The gateway's own checks, and what it sends on. */
	prepare(body: Body, family: Family): Prepared;
	/** Whether this external id finds the right account; only asked where hasExternalLookup. */
	canLookUp(externalId: string): boolean;
	paging(query: URLSearchParams): Page | Refusal;

	submitted(task: Task, view: View): Reply;
	got(task: Task, view: View): Reply;
	listed(tasks: readonly Task[], view: View): Reply;
	notFound(id: string): Reply;
	refused(refusal: Refusal, call: CallKind): Reply;
	unauthorized(refusal: Refusal): Reply;
	noRoute(method: string, path: string): Reply;

	/** How the gateway passes callbacks on, where it does not leave them to Kling. */
	readonly callback?: {
		readonly headers: Readonly<Record<string, string>>;
		readonly retries: boolean;
		readonly signed: boolean;
		readonly timeoutMs: number;
		reshape(body: Record<string, unknown>): Record<string, unknown>;
	};
}
