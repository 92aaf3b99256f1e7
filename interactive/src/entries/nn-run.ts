import { NNRun } from "../components/nn-run";
import { define } from "../core/element";

define("nn-run", NNRun);
