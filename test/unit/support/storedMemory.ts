// A memory as n8n keeps it: one JSON value, that can be photographed as a crash would leave it.
import type { Memory } from '../../../nodes/Kling/submission/records';

export class StoredMemory implements Memory {
	writes = 0;

	constructor(private value: unknown = undefined) {}

	read(): unknown {
		return this.value;
	}

	write(value: object): void {
		this.writes += 1;
		this.value = value;
	}

	/** What another process would find. */
	photograph(): StoredMemory {
		if (this.value === undefined) return new StoredMemory();
		return new StoredMemory(JSON.parse(JSON.stringify(this.value)));
	}
}
