// Loaded into every n8n process that is started here: ends it when the process that started it is gone.
import { Socket } from 'node:net';

// File 3 is a pipe whose other end the parent holds open for as long as it lives, however it dies.
const lifeline = new Socket({ fd: 3 });
lifeline.once('close', () => process.kill(process.pid, 'SIGKILL'));
lifeline.on('error', () => lifeline.destroy());
lifeline.resume();
lifeline.unref();
