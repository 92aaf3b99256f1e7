import { define } from "../core/element";
import { NNArithmetic } from "../components/nn-arithmetic";

define("nn-arithmetic", NNArithmetic);
