// llama.cpp behind a small surface: `complete(request)` yields pieces of text, several requests at once.
import {setTimeout as delay} from "node:timers/promises";
import {installed} from "../installed.js";
import {Pool} from "./pool.js";

/** A request that the model cannot take; the wire answers 400. */
export class Refused extends Error {}

/** Loads the model and makes one context with `sequences` independent sequences. */
export async function loadEngine({modelPath, sequences, contextSize}) {
    const {getLlama, LlamaLogLevel} = await installed("node-llama-cpp");
    // One thread: the model is tiny, and llama.cpp's threads spin against each other where cores are scarce.
    const llama = await getLlama({
        gpu: false, build: "never", skipDownload: true, progressLogs: false, logLevel: LlamaLogLevel.error, maxThreads: 1,
    });
    const model = await llama.loadModel({modelPath});
    const context = await model.createContext({sequences, contextSize, threads: 1});
    const pool = new Pool(Array.from({length: sequences}, () => context.getSequence()));
    return new Engine(model, pool, contextSize);
}

class Engine {
    constructor(model, pool, contextSize) {
        this.model = model;
        this.pool = pool;
        this.contextSize = contextSize;
        this.user = model.tokenize("<|user|>", true);
        this.assistant = model.tokenize("<|assistant|>", true);
    }

    get trainedContext() {
        return this.model.trainContextSize;
    }

    get vocabulary() {
        return this.model.fileInfo.metadata.tokenizer.ggml.tokens.length;
    }

    /** The tokens of a conversation, as the chat template in the model file lays them out. Control words in a message stay plain text. */
    prompt(messages) {
        const tokens = [this.model.tokens.bos];
        for (const {role, text} of messages) {
            tokens.push(...(role === "assistant" ? this.assistant : this.user), ...this.model.tokenize(text));
        }
        tokens.push(...this.assistant);
        return this.#fitting(tokens);
    }

    /** The tokens of a text that is to be continued. */
    text(text) {
        return this.#fitting([this.model.tokens.bos, ...this.model.tokenize(text)]);
    }

    #fitting(tokens) {
        if (tokens.length >= this.contextSize) {
            throw new Refused(`the request (${tokens.length} tokens) exceeds the available context size (${this.contextSize} tokens)`);
        }
        return tokens;
    }

    /** The vectors of some texts, as the model has them after their last token, and how many tokens were read. */
    async vectors(texts) {
        this.embedding ??= this.model.createEmbeddingContext({contextSize: this.contextSize, threads: 1});
        const context = await this.embedding;
        const tokens = texts.map((text) => this.text(text).length);
        const vectors = [];
        for (const text of texts) vectors.push((await context.getEmbeddingFor(text)).vector);
        return {vectors, tokens: tokens.reduce((sum, count) => sum + count, 0)};
    }

    /**
     * Generates until the reply ends, `maxTokens` are made, or `signal` aborts. Yields `{text, token}`; the last value has `finish`.
     * `trimmed` takes the space before the first word away, `ignoreEnd` goes on past the end of the reply, `delayMs` waits before each token to imitate a slow machine.
     */
    async *generate({prompt, trimmed, maxTokens, temperature, seed, ignoreEnd, firstDelayMs, delayMs, signal, count}) {
        const sequence = await this.pool.take(signal);
        const made = [];
        try {
            await pause(firstDelayMs, signal);
            const room = Math.min(maxTokens ?? Infinity, this.contextSize - prompt.length);
            const tokens = sequence.evaluate(prompt, {temperature, seed, yieldEogToken: true});
            const opening = ignoreEnd ? this.model.tokenize("Swan", false) : [];
            let next = await tokens.next();
            while (!next.done) {
                signal.throwIfAborted();
                let token = next.value;
                if (this.model.isEogToken(token)) {
                    if (!ignoreEnd) return yield {finish: "stop"};
                    token = opening[0];
                }
                await pause(delayMs, signal);
                const text = this.model.detokenize([token], false, [...prompt, ...made].slice(-8));
                made.push(token);
                count("tokens");
                yield {token, text: trimmed && made.length === 1 ? text.trimStart() : text};
                if (made.length >= room) return yield {finish: "length"};
                next = await tokens.next(token);
            }
            yield {finish: "length"};
        } finally {
            await sequence.clearHistory();
            this.pool.give(sequence);
        }
    }
}

async function pause(milliseconds, signal) {
    if (milliseconds > 0) await delay(milliseconds, undefined, {signal});
    signal.throwIfAborted();
}
