// The emulated Kling itself: takes create requests, or refuses them, and finds tasks.
import { randomUUID } from 'node:crypto';
import { isObject } from '../body.mts';
import type { Clock } from '../clock.mts';
import { ImageChecker, isBad, isGood, type BadReference, type Checked } from '../images/check.mts';
import type { Settings } from '../settings.mts';
import { checkRequest, modelOf, promptsOf } from './checkRequest.mts';
import { ASPECT_RATIOS, families, type AspectRatio, type Family } from './families.mts';
import { objects, textOf, type Body } from './fields.mts';
import { newId } from './ids.mts';
import { Lifecycle } from './lifecycle.mts';
import { readPromptWords } from './promptWords.mts';
import { refusal, type Refusal } from './refusal.mts';
import { TaskStore, type Scope } from './store.mts';
import { hashOf, summarise } from './summary.mts';
import type { Task } from './task.mts';

export interface Order {
	readonly scope: Scope;
	/** The body as it reaches Kling. */
	readonly body: Body;
	/** The external_task_id that the caller gave to the gateway. */
	readonly clientKey: string | undefined;
	/** `uuid` for services that name tasks so. */
	readonly idForm: 'digits' | 'uuid';
}

export class Kling {
	readonly store = new TaskStore();
	readonly lifecycle: Lifecycle;
	readonly #clock: Clock;
	readonly #settings: Settings;
	readonly #images: ImageChecker;

	constructor(
		clock: Clock,
		settings: Settings,
		rewrite: (url: string) => string,
		changed: (task: Task) => void,
	) {
		this.#clock = clock;
		this.#settings = settings;
		this.#images = new ImageChecker(rewrite);
		this.lifecycle = new Lifecycle(clock, (task) => {
			if (task.finishedAt !== undefined) this.store.release(task);
			changed(task);
		});
	}

	/** Makes the task, which is billed from here on, or says why not. */
	async create(order: Order): Promise<Task | Refusal> {
		const family = families[order.scope.family];
		const { retiredModels, unknownModelCode } = this.#settings;
		const retired = retiredModels[order.scope.dialect] ?? [];
		const rules = { retiredModels: retired, unknownModelCode };
		const refused = checkRequest(family, order.body, rules) ?? this.#refuseByState(order);
		if (refused !== undefined) return refused;

		const images = await this.#images.checkAll(references(family, order.body));
		const bad = images.filter(isBad).find((image) => !this.#failsLater(image));
		if (bad !== undefined) return refusal(1201, bad.bad);

		// State may have changed while images were fetched; from here to the store nothing waits.
		return this.#refuseByState(order) ?? this.#accept(order, images);
	}

	clear(): void {
		this.store.clear();
		this.lifecycle.clear();
	}

	async close(): Promise<void> {
		await this.#images.close();
	}

	#refuseByState({ scope, body }: Order): Refusal | undefined {
		const { dialect, account } = scope;
		const words = readPromptWords(promptsOf(body));
		if (words.refuseWith !== undefined) return refusal(words.refuseWith);

		const externalTaskId = textOf(body, 'external_task_id');
		const isTaken =
			externalTaskId !== undefined && this.store.isTaken(dialect, account, externalTaskId);
		if (isTaken && !(dialect === 'ezmodel' && this.#settings.ezmodelRepeatedIds === 'accept')) {
			return refusal(this.#settings.duplicateCode, 'external_task_id already exists');
		}
		const model = modelOf(families[scope.family], body);
		const busy = this.store.running(dialect, account, model) >= this.#settings.concurrency;
		return busy ? refusal(1303) : undefined;
	}

	#failsLater(image: BadReference): boolean {
		return image.from === 'url' && this.#settings.urlImages === 'failTask';
	}

	#accept({ scope, body, clientKey, idForm }: Order, images: Checked[]): Task {
		const words = readPromptWords(promptsOf(body));
		const now = this.#clock.now();
		const family = families[scope.family];
		const request = summarise(family, body, images);
		const seconds = Number(textOf(body, 'duration') ?? '5');
		const task: Task = {
			...scope,
			id: idForm === 'uuid' ? randomUUID() : newId(),
			videoId: newId(),
			model: modelOf(family, body),
			clientKey,
			externalTaskId: textOf(body, 'external_task_id'),
			callbackUrl: textOf(body, 'callback_url'),
			aspectRatio: ratioOf(body),
			seconds,
			watermark: isObject(body['watermark_info']) && body['watermark_info']['enabled'] === true,
			videoBytes: words.videoBytes,
			units: String(seconds * (body['mode'] === 'pro' ? 0.7 : 0.4)),
			images: images.filter(isGood),
			request,
			requestHash: hashOf(request),
			createdAt: now,
			updatedAt: now,
			startedAt: undefined,
			finishedAt: undefined,
			status: 'submitted',
			reason: '',
		};
		this.store.add(task);
		this.lifecycle.begin(task, {
			lifetimeMs: words.lifetimeMs ?? this.#settings.lifetimeMs,
			submittedShare: this.#settings.submittedShare,
			failWith: images.find(isBad)?.bad ?? words.failWith,
		});
		return task;
	}
}

function ratioOf(body: Body): AspectRatio {
	return ASPECT_RATIOS.find((ratio) => ratio === body['aspect_ratio']) ?? '16:9';
}

function references(family: Family, body: Body): string[] {
	const list = objects(body, 'image_list');
	return typeof list === 'string' ? [] : list.map((item) => textOf(item, family.imageKey) ?? '');
}
