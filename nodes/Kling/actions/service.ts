// Joins the credential to the client: which service to talk to, and through which door.
import { createClient } from '../api/client';
import type { KlingClient } from '../api/client';
import { resolveService } from '../api/gateways';
import type { Service } from '../api/gateways';
import { clock } from '../host/clock';
import { createSend, type HttpContext } from '../host/send';

export interface Door {
	service: Service;
	client: KlingClient;
}

/**
 * Reads the node's credential and opens the client of its service.
 *
 * @throws KlingApiError when the credential is incomplete (for example a custom base URL that is none)
 */
export async function openDoor(context: HttpContext): Promise<Door> {
	const credentials = await context.getCredentials('klingApi');
	const service = resolveService(credentials);
	return { service, client: createClient(service, createSend(context), { now: clock.now }) };
}
