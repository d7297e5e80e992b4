// Reads streams whose answers are slow with the official OpenAI Node SDK and prints what it saw as one JSON object.
//
// Usage: node heartbeats.js BASE_URL KEY MODEL
import {installed} from "../installed.js";

const {default: OpenAI} = await installed("openai");
const [baseURL, apiKey, model] = process.argv.slice(2);
const client = new OpenAI({baseURL, apiKey, maxRetries: 0, timeout: 30_000});
const asked = {model, messages: [{role: "user", content: "hi"}], stream: true, stream_options: {include_usage: true}};

const seen = {content: "", finish_reason: null, usage: null, events: 0};
for await (const chunk of await client.chat.completions.create(asked)) {
    seen.events += 1;
    seen.usage = chunk.usage ?? seen.usage;
    for (const choice of chunk.choices) {
        seen.content += choice.delta.content ?? "";
        seen.finish_reason = choice.finish_reason ?? seen.finish_reason;
    }
}
const raw = await client.chat.completions.create(asked).asResponse();
const lines = (await raw.text()).split("\n").filter((line) => line !== "");
const comments = lines.filter((line) => line.startsWith(":"));
console.log(JSON.stringify({...seen, comments: comments.length, last: lines.at(-1)}));
