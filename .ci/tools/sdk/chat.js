// Talks to a server with the official OpenAI Node SDK and prints what it saw as one JSON object.
//
// Usage: node chat.js BASE_URL KEY MODEL
import {installed} from "../installed.js";

const {default: OpenAI, APIError} = await installed("openai");
const {VERSION} = await installed("openai/version");
const messages = [{role: "system", content: "Be brief."}, {role: "user", content: "Where does this answer come from? äöü €"}];
const [baseURL, apiKey, model] = process.argv.slice(2);

function headers(response) {
    const names = ["x-request-id", "x-swan-request-id", "x-swan-cost", "x-swan-provider-id", "x-swan-connection-mode", "content-type"];
    return Object.fromEntries(names.map((name) => [name, response.headers.get(name)]));
}

async function whole(client, model) {
    const call = client.chat.completions.create({model, messages, temperature: 0, seed: 1});
    const {data, response} = await call.withResponse();
    const [choice] = data.choices;
    return {
        id: data.id, model: data.model, content: choice.message.content, finish_reason: choice.finish_reason,
        usage: data.usage, request_id: data._request_id, headers: headers(response),
    };
}

async function streamed(client, model, options) {
    const call = client.chat.completions.create({model, messages, temperature: 0, seed: 1, stream: true, ...options});
    const {data, response} = await call.withResponse();
    const seen = {content: "", finish_reason: null, usage: null, events: 0, choiceless: 0, headers: headers(response)};
    for await (const chunk of data) {
        seen.events += 1;
        if (chunk.usage) seen.usage = chunk.usage;
        if (chunk.choices.length === 0) {
            seen.choiceless += 1;
            continue;
        }
        seen.content += chunk.choices[0].delta.content ?? "";
        seen.finish_reason = chunk.choices[0].finish_reason ?? seen.finish_reason;
    }
    return seen;
}

async function refused(call) {
    try {
        await call();
    } catch (error) {
        if (!(error instanceof APIError)) throw error;
        const {status, code, type, message, requestID} = error;
        return {class: error.constructor.name, status, code, type, message, request_id: requestID};
    }
    return null;
}

const client = new OpenAI({baseURL, apiKey, maxRetries: 0, timeout: 30_000});
const stranger = new OpenAI({baseURL, apiKey: `sk-swan-${"0".repeat(64)}`, maxRetries: 0, timeout: 30_000});
const models = [];
for await (const one of client.models.list()) models.push(one.id);
console.log(JSON.stringify({
    sdk: VERSION,
    models,
    model: (await client.models.retrieve(model)).id,
    whole: await whole(client, model),
    stream: await streamed(client, model, {}),
    stream_usage: await streamed(client, model, {stream_options: {include_usage: true}}),
    unknown_model: await refused(() => whole(client, "no-such-model")),
    wrong_key: await refused(() => whole(stranger, model)),
    wrong_type: await refused(() => client.chat.completions.create({model, messages: "not a list"})),
}));
