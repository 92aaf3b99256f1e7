import { NNPlayground } from "../components/nn-playground";
import { define } from "../core/element";

define("nn-playground", NNPlayground);
