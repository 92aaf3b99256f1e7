// The worker in which nn-shakespeare's net speaks.
import { speaker, type Ask } from "../components/nn-shakespeare-inside";

const hear = speaker((message) => postMessage(message));
addEventListener("message", (event: MessageEvent<Ask>) => void hear(event.data));
