// What the caller is told for each result: a status and a fixed word, never anything of the workflow or the call.

/** How a call to the trigger was classified. */
export type CallResult =
	| 'started'
	/** Asked about and started after the answer, because enough calls wait for the service already. */
	| 'deferred'
	/** An execution was started for this task and status before. */
	| 'repeated'
	/** The user did not choose this status. */
	| 'filtered'
	/** The service says that the task is in another state, which starts nothing. */
	| 'notConfirmed'
	/** The service's record is older than the notification: it is asked again after the answer. */
	| 'stale'
	/** The console's "test" button. */
	| 'testEvent'
	/** The service does not know the task: a forgery, or another account's. */
	| 'unknownTask'
	| 'notACallback'
	| 'notGenuine'
	| 'tooLarge'
	| 'serviceUnavailable';

interface Answer {
	status: 200 | 400 | 401 | 413 | 503;
	/** A short word, the same for every call with this result. */
	word: string;
}

const ACCEPTED: Answer = { status: 200, word: 'accepted' };
const IGNORED: Answer = { status: 200, word: 'ignored' };

/**
 * Only 503 asks for another try: a sender that retries then does, and nothing is lost. Whatever
 * another try cannot change is 200, so that a sender does not repeat it or switch the URL off.
 */
const ANSWERS: Record<CallResult, Answer> = {
	started: ACCEPTED,
	deferred: ACCEPTED,
	repeated: IGNORED,
	filtered: IGNORED,
	notConfirmed: IGNORED,
	stale: IGNORED,
	testEvent: IGNORED,
	unknownTask: IGNORED,
	notACallback: { status: 400, word: 'not a callback' },
	notGenuine: { status: 401, word: 'not authorized' },
	tooLarge: { status: 413, word: 'too large' },
	serviceUnavailable: { status: 503, word: 'try again later' },
};

/** The HTTP answer for a result. */
export function answerTo(result: CallResult): Answer {
	return ANSWERS[result];
}
