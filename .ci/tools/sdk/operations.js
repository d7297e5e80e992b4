// Makes vectors, images and text completions with the official OpenAI Node SDK and prints what it saw as one JSON object.
//
// Usage: node operations.js BASE_URL KEY CHAT_MODEL EMBEDDING_MODEL IMAGE_MODEL
import {installed} from "../installed.js";

const {default: OpenAI, APIError} = await installed("openai");
const [baseURL, apiKey, chat, embedding, image] = process.argv.slice(2);
const client = new OpenAI({baseURL, apiKey, maxRetries: 0, timeout: 30_000});

async function vectors(model, options) {
    const answer = await client.embeddings.create({model, input: ["one", "two"], ...options});
    return {vectors: answer.data.map((one) => one.embedding), usage: answer.usage};
}

async function images(model, form) {
    const answer = await client.images.generate({model, prompt: "a swan", n: 2, size: "8x8", response_format: form});
    const raw = answer.data.map((one) => form === "b64_json" ? Buffer.from(one.b64_json, "base64") : Buffer.from(one.url));
    return {images: raw.map((one) => one.subarray(0, 8).toString("hex")), usage: answer.usage};
}

async function completion(model, options) {
    const answer = await client.completions.create({model, prompt: "Once upon a time", max_tokens: 6, ...options});
    if (!options.stream) return {text: answer.choices[0].text, object: answer.object, usage: answer.usage};
    const seen = {text: "", object: new Set(), usage: null};
    for await (const chunk of answer) {
        seen.object.add(chunk.object);
        seen.text += chunk.choices[0]?.text ?? "";
        seen.usage = chunk.usage ?? seen.usage;
    }
    return {...seen, object: [...seen.object].join(",")};
}

async function refused(call) {
    try {
        await call();
    } catch (error) {
        if (!(error instanceof APIError)) throw error;
        return {class: error.constructor.name, status: error.status, message: error.message};
    }
    return null;
}

console.log(JSON.stringify({
    default: await vectors(embedding, {}),
    float: await vectors(embedding, {encoding_format: "float"}),
    packed: await vectors(embedding, {encoding_format: "base64"}),
    short: await vectors(embedding, {dimensions: 2}),
    b64: await images(image, "b64_json"),
    url: await images(image, "url"),
    whole: await completion(chat, {}),
    stream: await completion(chat, {stream: true, stream_options: {include_usage: true}}),
    wrong_endpoint: await refused(() => vectors(chat, {})),
}));
