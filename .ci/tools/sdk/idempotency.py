"""Sends one request several times with one Idempotency-Key through the official OpenAI Python SDK; prints what it saw as JSON.

Usage: idempotency.py BASE_URL KEY MODEL
"""

import json
import sys
import threading

import openai

MESSAGES = [{"role": "user", "content": "Where does this answer come from?"}]
WATCHED = ("x-request-id", "x-swan-cost", "idempotency-replayed")


def main():
    """Whole answers and streams, repeated, at once, and with another body."""
    base_url, key, model = sys.argv[1:]
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=30)

    def whole(idempotency_key, using=client, **more):
        raw = using.chat.completions.with_raw_response.create(
            model=model, messages=MESSAGES, temperature=0, extra_headers={"Idempotency-Key": idempotency_key}, **more
        )
        return {"text": raw.text, **{name: raw.headers.get(name) for name in WATCHED}}

    def streamed(idempotency_key):
        stream = client.chat.completions.create(
            model=model,
            messages=MESSAGES,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
            extra_headers={"Idempotency-Key": idempotency_key},
        )
        return [chunk.model_dump() for chunk in stream]

    def conflict():
        try:
            whole("whole", max_tokens=7)
        except openai.ConflictError as error:
            return {"code": error.code, "param": error.param}
        return None

    # The SDK tries a 409 again after the time that the hub names, until the first answer is there.
    patient = client.with_options(max_retries=10)
    at_once = []
    threads = [threading.Thread(target=lambda: at_once.append(whole("at-once", patient))) for _ in range(4)]
    result = {
        "whole": [whole("whole") for _ in range(3)],
        "stream": [streamed("stream") for _ in range(2)],
        "conflict": conflict(),
    }
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump({**result, "at_once": at_once}, sys.stdout)


main()
