// Vectors in OpenAI's wire format, as numbers or as 32-bit floats in base64.

/** Answers one parsed request on `response`. */
export async function answerVectors({engine, request, response, model}) {
    const {vectors, tokens} = await engine.vectors(request.input);
    const data = vectors.map((vector, index) => ({object: "embedding", index, embedding: request.packed ? packed(vector) : vector}));
    const body = JSON.stringify({object: "list", model, data, usage: {prompt_tokens: tokens, total_tokens: tokens}});
    response.writeHead(200, {"content-type": "application/json; charset=utf-8"}).end(body);
}

function packed(vector) {
    const bytes = Buffer.alloc(vector.length * 4);
    vector.forEach((number, place) => bytes.writeFloatLE(number, place * 4));
    return bytes.toString("base64");
}
