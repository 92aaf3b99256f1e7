import { define } from "../core/element";
import { NNNames } from "../components/nn-names";

define("nn-names", NNNames);
