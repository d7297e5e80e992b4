"""Makes vectors, images and text completions with the official OpenAI Python SDK and prints what it saw as one JSON object.

Usage: operations.py BASE_URL KEY CHAT_MODEL EMBEDDING_MODEL IMAGE_MODEL
"""

import base64
import json
import sys

import openai


def vectors(client, model, **options):
    """Two vectors, and what they cost."""
    answer = client.embeddings.create(model=model, input=["one", "two"], **options)
    return {
        "vectors": [one.embedding for one in answer.data],
        "usage": answer.usage.model_dump(),
    }


def images(client, model, form):
    """Two images; what each begins with, and what they cost."""
    answer = client.images.generate(model=model, prompt="a swan", n=2, size="8x8", response_format=form)
    raw = [base64.b64decode(one.b64_json) if form == "b64_json" else one.url.encode() for one in answer.data]
    return {"images": [one[:8].hex() for one in raw], "usage": answer.model_dump()["usage"]}


def completion(client, model, **options):
    """A text that is continued."""
    answer = client.completions.create(model=model, prompt="Once upon a time", max_tokens=6, **options)
    if not options.get("stream"):
        return {"text": answer.choices[0].text, "object": answer.object, "usage": answer.usage.model_dump()}
    text, usage, objects = "", None, set()
    for chunk in answer:
        objects.add(chunk.object)
        text += chunk.choices[0].text if chunk.choices else ""
        usage = chunk.usage.model_dump() if chunk.usage else usage
    return {"text": text, "object": ",".join(sorted(objects)), "usage": usage}


def refused(call):
    """The class and status of the error that a call ends with."""
    try:
        call()
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code, "message": error.message}
    return None


def main():
    """Makes each kind of call."""
    base_url, key, chat, embedding, image = sys.argv[1:]
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=30)
    result = {
        "default": vectors(client, embedding),
        "float": vectors(client, embedding, encoding_format="float"),
        "packed": vectors(client, embedding, encoding_format="base64"),
        "short": vectors(client, embedding, dimensions=2),
        "b64": images(client, image, "b64_json"),
        "url": images(client, image, "url"),
        "whole": completion(client, chat),
        "stream": completion(client, chat, stream=True, stream_options={"include_usage": True}),
        "wrong_endpoint": refused(lambda: vectors(client, chat)),
    }
    json.dump(result, sys.stdout)


main()
