// A small OpenAI-wire model server on real llama.cpp, for tests. Prints `listening on http://ADDRESS:PORT` when it serves.
//
// node server.js --model FILE [--port 0] [--name MODEL] [--sequences 8] [--context 2048] [--delay-ms 0] [--first-delay-ms 0]
//
// A request may carry `first_delay_ms`, `delay_ms` (per token) and `ignore_eos` to imitate slow and long answers.
// GET /stats tells what was done, GET /stats?user=NAME what was done for requests with this `user`.
import {createServer} from "node:http";
import {parseArgs} from "node:util";
import {answer} from "./answer.js";
import {loadEngine, Refused} from "./engine.js";
import {parseChat, parseEmbedding, parseText} from "./request.js";
import {Stats} from "./stats.js";
import {answerVectors} from "./vectors.js";

const LARGEST_BODY = 32 * 1024 * 1024;
const {values: flags} = parseArgs({
    options: {
        model: {type: "string"},
        name: {type: "string", default: "swan-test-0.1b"},
        host: {type: "string", default: "127.0.0.1"},
        port: {type: "string", default: "0"},
        sequences: {type: "string", default: "8"},
        context: {type: "string", default: "2048"},
        "delay-ms": {type: "string", default: "0"},
        "first-delay-ms": {type: "string", default: "0"},
    },
});
if (flags.model === undefined) throw new Error("--model FILE is required");

const engine = await loadEngine({modelPath: flags.model, sequences: Number(flags.sequences), contextSize: Number(flags.context)});
const defaults = {delayMs: Number(flags["delay-ms"]), firstDelayMs: Number(flags["first-delay-ms"])};
const stats = new Stats();
const started = Math.floor(Date.now() / 1000);

function send(response, status, body) {
    if (response.headersSent) return response.destroy();
    response.writeHead(status, {"content-type": "application/json; charset=utf-8"}).end(JSON.stringify(body));
}

// llama-server's error bodies carry the status as an integer code.
function sendError(response, code, type, message) {
    send(response, code, {error: {code, message, type}});
}

async function readBody(request) {
    const parts = [];
    let size = 0;
    for await (const part of request) {
        size += part.length;
        if (size > LARGEST_BODY) throw new Refused(`the body is larger than ${LARGEST_BODY} bytes`);
        parts.push(part);
    }
    return Buffer.concat(parts).toString("utf8");
}

async function work(incoming, response, parse, answer) {
    const gone = new AbortController();
    response.on("close", () => response.writableFinished || gone.abort(new Error("the client has gone")));
    const {count, belongsTo} = stats.request();
    count("started");
    count("active");
    try {
        const request = parse(await readBody(incoming));
        belongsTo(request.user);
        await answer({engine, request, response, model: flags.name, defaults, signal: gone.signal, count});
        count("finished");
    } catch (error) {
        if (gone.signal.aborted) {
            count("cancelled");
        } else {
            count("failed");
            if (error instanceof Refused) sendError(response, 400, "invalid_request_error", error.message);
            else sendError(response, 500, "server_error", String(error));
        }
    } finally {
        count("active", -1);
    }
}

function models() {
    const meta = {n_ctx_train: engine.trainedContext, n_vocab: engine.vocabulary};
    return {object: "list", data: [{id: flags.name, object: "model", created: started, owned_by: "llamacpp", meta}]};
}

function oneModel(path) {
    const id = decodeURIComponent(path.slice("/v1/models/".length));
    return models().data.find((model) => model.id === id);
}

const routes = {
    "GET /health": (_, response) => send(response, 200, {status: "ok"}),
    "GET /v1/models": (_, response) => send(response, 200, models()),
    "GET /stats": (request, response) => send(response, 200, stats.of(new URL(request.url, "http://server").searchParams.get("user"))),
    "POST /v1/chat/completions": (request, response) => work(request, response, parseChat, answer),
    "POST /v1/completions": (request, response) => work(request, response, parseText, answer),
    "POST /v1/embeddings": (request, response) => work(request, response, parseEmbedding, answerVectors),
};

const server = createServer({noDelay: true}, (request, response) => {
    const {pathname} = new URL(request.url, "http://server");
    const route = routes[`${request.method} ${pathname}`];
    const model = request.method === "GET" && pathname.startsWith("/v1/models/") ? oneModel(pathname) : undefined;
    if (route) route(request, response);
    else if (model) send(response, 200, model);
    else sendError(response, 404, "not_found_error", "File Not Found");
});
server.listen(Number(flags.port), flags.host, () => {
    const {address, port} = server.address();
    console.log(`listening on http://${address}:${port}`);
});
