/**
 * The entry point of every role. A container's first process hears only those signals that it has asked for: a SIGTERM that
 * comes while the program is still read would be lost, and the process killed once its grace is over. So this
 * listens before it reads the rest; whoever ends that early has begun nothing.
 */
import { onStopSignals, type StopSignal } from "./platform/signals.ts";

let end: (signal: StopSignal) => void = () => process.exit(0);
// Never taken off: a signal that came while modules were evaluated is told only afterwards, and only to who listened then.
onStopSignals((signal) => end(signal));
const program = await import("./start.ts");
end = program.end;
await program.run();
