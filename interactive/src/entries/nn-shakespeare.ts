import { NNShakespeare } from "../components/nn-shakespeare";
import { define } from "../core/element";

define("nn-shakespeare", NNShakespeare);
