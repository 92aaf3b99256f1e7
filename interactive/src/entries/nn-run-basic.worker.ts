// The worker in which nn-run runs BASIC.
import { serve } from "../components/nn-run-inside";
import { basic, type Realm } from "../components/nn-run-basic";

serve((job, output) => Promise.resolve(basic(globalThis as unknown as Realm, job.script, output)));
