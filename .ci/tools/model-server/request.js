import {Refused} from "./engine.js";

/** Reads what this server knows of a chat request; the rest is ignored, as llama-server does. */
export function parseChat(body) {
    const json = object(body);
    if (!Array.isArray(json.messages) || json.messages.length === 0) throw new Refused("'messages' is required");
    return {messages: json.messages.map(message), ...generation(json)};
}

/** Reads a request to continue one text. */
export function parseText(body) {
    const json = object(body);
    const [prompt, ...others] = [json.prompt].flat();
    if (typeof prompt !== "string" || others.length > 0) throw new Refused("'prompt' must be one text");
    return {prompt, ...generation(json)};
}

/** Reads a request for vectors. */
export function parseEmbedding(body) {
    const json = object(body);
    const input = [json.input].flat();
    if (input.length === 0 || input.some((text) => typeof text !== "string")) throw new Refused("'input' must be one text or several");
    return {input, packed: json.encoding_format === "base64", user: user(json)};
}

function object(body) {
    let json;
    try {
        json = JSON.parse(body);
    } catch (error) {
        throw new Refused(`the body is not JSON: ${error.message}`);
    }
    if (json === null || typeof json !== "object" || Array.isArray(json)) throw new Refused("the body must be a JSON object");
    return json;
}

function generation(json) {
    return {
        stream: json.stream === true,
        includeUsage: json.stream_options?.include_usage === true,
        maxTokens: whole(json, "max_completion_tokens") ?? whole(json, "max_tokens"),
        temperature: typeof json.temperature === "number" ? json.temperature : 0.8,
        seed: whole(json, "seed"),
        stops: [json.stop ?? []].flat().map(String),
        ignoreEnd: json.ignore_eos === true,
        delayMs: whole(json, "delay_ms"),
        firstDelayMs: whole(json, "first_delay_ms"),
        user: user(json),
    };
}

function user(json) {
    return typeof json.user === "string" ? json.user : undefined;
}

function message({role, content}) {
    if (typeof role !== "string") throw new Refused("every message needs a 'role'");
    if (Array.isArray(content)) return {role, text: content.map((part) => part?.text ?? "").join("")};
    return {role, text: typeof content === "string" ? content : ""};
}

function whole(json, field) {
    const value = json[field];
    if (value === undefined || value === null) return undefined;
    if (!Number.isSafeInteger(value) || value < 0) throw new Refused(`'${field}' must be a whole number, not ${JSON.stringify(value)}`);
    return value;
}
