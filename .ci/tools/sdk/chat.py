"""Talks to a server with the official OpenAI Python SDK and prints what it saw as one JSON object.

Usage: chat.py BASE_URL KEY MODEL
"""

import json
import sys

import openai


def headers(raw):
    """The response headers that the tests look at."""
    names = ("x-request-id", "x-swan-request-id", "x-swan-cost", "x-swan-provider-id", "x-swan-connection-mode", "content-type")
    return {name: raw.headers.get(name) for name in names}


def whole(client, model):
    """A completion in one piece."""
    raw = client.chat.completions.with_raw_response.create(model=model, messages=MESSAGES, temperature=0, seed=1)
    completion = raw.parse()
    choice = completion.choices[0]
    return {
        "id": completion.id,
        "model": completion.model,
        "content": choice.message.content,
        "finish_reason": choice.finish_reason,
        "usage": completion.usage.model_dump(),
        "request_id": completion._request_id,
        "headers": headers(raw),
    }


def streamed(client, model, options):
    """A completion as a stream, read to its end."""
    with client.chat.completions.with_streaming_response.create(
        model=model, messages=MESSAGES, temperature=0, seed=1, stream=True, **options
    ) as raw:
        content, finish, usage, events, choiceless = "", None, None, 0, 0
        for chunk in raw.parse():
            events += 1
            if chunk.usage is not None:
                usage = chunk.usage.model_dump()
            if not chunk.choices:
                choiceless += 1
                continue
            content += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
        return {
            "content": content,
            "finish_reason": finish,
            "usage": usage,
            "events": events,
            "choiceless": choiceless,
            "headers": headers(raw),
        }


def refused(call):
    """The class, status and body fields of the error that a call ends with."""
    try:
        call()
    except openai.APIStatusError as error:
        return {
            "class": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "type": error.type,
            "message": error.message,
            "request_id": error.request_id,
        }
    return None


MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where does this answer come from? äöü €"}]


def main():
    """Makes each kind of call once."""
    base_url, key, model = sys.argv[1:]
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=30)
    stranger = openai.OpenAI(base_url=base_url, api_key="sk-swan-" + "0" * 64, max_retries=0, timeout=30)
    result = {
        "sdk": openai.__version__,
        "models": [one.id for one in client.models.list()],
        "model": client.models.retrieve(model).id,
        "whole": whole(client, model),
        "stream": streamed(client, model, {}),
        "stream_usage": streamed(client, model, {"stream_options": {"include_usage": True}}),
        "unknown_model": refused(lambda: whole(client, "no-such-model")),
        "wrong_key": refused(lambda: whole(stranger, model)),
        "wrong_type": refused(lambda: client.chat.completions.create(model=model, messages="not a list")),
    }
    json.dump(result, sys.stdout)


main()
