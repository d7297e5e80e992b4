// One chat completion in OpenAI's wire format, streamed or whole, with the chunk order of llama-server.
import {randomUUID} from "node:crypto";
import {Stops} from "./stops.js";

/** Answers one parsed request on `response`; throws what `signal` aborts with when the client has gone. */
export async function answerChat({engine, request, response, model, defaults, signal, count}) {
    const prompt = engine.prompt(request.messages);
    const reply = {id: `chatcmpl-${randomUUID()}`, created: Math.floor(Date.now() / 1000), model, prompt: prompt.length, made: 0};
    const pieces = engine.generate({prompt, ...defaults, ...defined(request), signal, count});
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
        const {id, created, model} = this.reply;
        const choice = {index: 0, message: {role: "assistant", content: this.content}, finish_reason: finish};
        const body = JSON.stringify({id, object: "chat.completion", created, model, choices: [choice], usage: usage(this.reply)});
        this.response.writeHead(200, {"content-type": "application/json; charset=utf-8"}).end(body);
    }
}

class Streamed {
    constructor(response, reply, includeUsage) {
        Object.assign(this, {response, reply, includeUsage, opened: false});
    }

    text(piece) {
        this.#open();
        if (piece !== "") this.#chunk([{index: 0, delta: {content: piece}, finish_reason: null}]);
    }

    end(finish) {
        this.#open();
        this.#chunk([{index: 0, delta: {}, finish_reason: finish}]);
        if (this.includeUsage) this.#chunk([], {usage: usage(this.reply)});
        this.response.end("data: [DONE]\n\n");
    }

    #open() {
        if (this.opened) return;
        this.opened = true;
        this.response.writeHead(200, {"content-type": "text/event-stream"});
        this.#chunk([{index: 0, delta: {role: "assistant", content: null}, finish_reason: null}]);
    }

    #chunk(choices, more = {}) {
        const {id, created, model} = this.reply;
        const chunk = {id, object: "chat.completion.chunk", created, model, choices, ...more};
        this.response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    }
}
