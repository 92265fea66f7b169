// What the caller is told for each judgement: a status and a fixed word, never anything of the workflow or the call.

/** How a call to the trigger was judged. */
export type Judgement =
	| 'started'
	/** An execution was started for this task and status before. */
	| 'repeated'
	/** The user did not ask for this status. */
	| 'unwanted'
	/** The service says that the task is in another state, which starts nothing. */
	| 'contradicted'
	/** The service says that the task is not that far yet: it is asked again once the answer is out. */
	| 'behind'
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
	/** A short word, the same for every call that is judged so. */
	word: string;
}

const IGNORED: Answer = { status: 200, word: 'ignored' };

/**
 * Only 503 asks for another try: a sender that retries then does, and nothing is lost. Whatever
 * another try cannot change is 200, so that a sender does not repeat it or switch the URL off.
 */
const ANSWERS: Record<Judgement, Answer> = {
	started: { status: 200, word: 'accepted' },
	repeated: IGNORED,
	unwanted: IGNORED,
	contradicted: IGNORED,
	behind: IGNORED,
	testEvent: IGNORED,
	unknownTask: IGNORED,
	notACallback: { status: 400, word: 'not a callback' },
	notGenuine: { status: 401, word: 'not authorized' },
	tooLarge: { status: 413, word: 'too large' },
	serviceUnavailable: { status: 503, word: 'try again later' },
};

/** The HTTP answer for a judgement. */
export function answerTo(judgement: Judgement): Answer {
	return ANSWERS[judgement];
}
