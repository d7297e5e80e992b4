// Has a recording written down with the official OpenAI Node SDK, in each format, and prints what it saw as one JSON object.
//
// Usage: node transcriptions.js BASE_URL KEY MODEL FILE
import {createReadStream} from "node:fs";
import {installed} from "../installed.js";

const {default: OpenAI, APIError, toFile} = await installed("openai");
const [baseURL, apiKey, model, path] = process.argv.slice(2);
const client = new OpenAI({baseURL, apiKey, maxRetries: 0, timeout: 30_000});

async function transcribed(file, form) {
    const call = client.audio.transcriptions.create({model, file, response_format: form});
    const {data, response} = await call.withResponse();
    const names = ["content-type", "x-swan-cost", "x-swan-connection-mode"];
    return {said: data, headers: Object.fromEntries(names.map((name) => [name, response.headers.get(name)]))};
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

const result = {};
for (const form of ["json", "text", "srt", "vtt", "verbose_json"]) {
    result[form] = await transcribed(createReadStream(path), form);
}
result.no_recording = await refused(async () => transcribed(await toFile(Buffer.from("noise"), "noise.wav"), "json"));
console.log(JSON.stringify(result));
