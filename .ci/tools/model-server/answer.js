// One completion in OpenAI's wire format, of a chat or of a text, streamed or whole, with the chunk order of llama-server.
import {randomUUID} from "node:crypto";
import {Stops} from "./stops.js";

/** How the parts of an answer to a chat look. */
const CHAT = {
    id: "chatcmpl", whole: "chat.completion", chunk: "chat.completion.chunk",
    all: (content) => ({message: {role: "assistant", content}}),
    opening: {delta: {role: "assistant", content: null}}, piece: (content) => ({delta: {content}}), closing: {delta: {}},
};

/** How the parts of a text that is continued look; nothing comes before its first piece. */
const TEXT = {
    id: "cmpl", whole: "text_completion", chunk: "text_completion",
    all: (text) => ({text}), piece: (text) => ({text}), closing: {text: ""},
};

/** Answers one parsed request on `response`; throws what `signal` aborts with when the client has gone. */
export async function answer({engine, request, response, model, defaults, signal, count}) {
    const shape = request.messages ? CHAT : TEXT;
    const prompt = request.messages ? engine.prompt(request.messages) : engine.text(request.prompt);
    const reply = {id: `${shape.id}-${randomUUID()}`, shape, created: Math.floor(Date.now() / 1000), model, prompt: prompt.length, made: 0};
    const pieces = engine.generate({...defaults, ...defined(request), prompt, trimmed: shape === CHAT, signal, count});
    const stops = new Stops(request.stops);
    const write = request.stream ? new Streamed(response, reply, request.includeUsage) : new Whole(response, reply);
    let finish = "stop";
    for await (const piece of pieces) {
        if (piece.finish) {
            finish = piece.finish;
            break;
        }
        reply.made += 1;
        write.text(stops.push(piece.text));
        if (stops.hit) break;
    }
    write.text(stops.end());
    write.end(finish);
}

function defined(request) {
    return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
}

function usage(reply) {
    return {
        prompt_tokens: reply.prompt, completion_tokens: reply.made, total_tokens: reply.prompt + reply.made,
        prompt_tokens_details: {cached_tokens: 0},
    };
}

class Whole {
    constructor(response, reply) {
        Object.assign(this, {response, reply, content: ""});
    }

    text(piece) {
        this.content += piece;
    }

    end(finish) {
        const {id, shape, created, model} = this.reply;
        const choice = {index: 0, ...shape.all(this.content), finish_reason: finish};
        const body = JSON.stringify({id, object: shape.whole, created, model, choices: [choice], usage: usage(this.reply)});
        this.response.writeHead(200, {"content-type": "application/json; charset=utf-8"}).end(body);
    }
}

class Streamed {
    constructor(response, reply, includeUsage) {
        Object.assign(this, {response, reply, includeUsage, opened: false});
    }

    text(piece) {
        this.#open();
        if (piece !== "") this.#chunk([{index: 0, ...this.reply.shape.piece(piece), finish_reason: null}]);
    }

    end(finish) {
        this.#open();
        this.#chunk([{index: 0, ...this.reply.shape.closing, finish_reason: finish}]);
        if (this.includeUsage) this.#chunk([], {usage: usage(this.reply)});
        this.response.end("data: [DONE]\n\n");
    }

    #open() {
        if (this.opened) return;
        this.opened = true;
        this.response.writeHead(200, {"content-type": "text/event-stream"});
        const {opening} = this.reply.shape;
        if (opening) this.#chunk([{index: 0, ...opening, finish_reason: null}]);
    }

    #chunk(choices, more = {}) {
        const {id, shape, created, model} = this.reply;
        const chunk = {id, object: shape.chunk, created, model, choices, ...more};
        this.response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    }
}
