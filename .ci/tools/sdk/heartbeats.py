"""Reads streams whose answers are slow with the official OpenAI Python SDK and prints what it saw as one JSON object.

Usage: heartbeats.py BASE_URL KEY MODEL
"""

import json
import sys

import openai

MESSAGES = [{"role": "user", "content": "hi"}]


def main():
    """The same request as the SDK reads it, and line by line."""
    base_url, key, model = sys.argv[1:]
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=30)
    asked = {"model": model, "messages": MESSAGES, "stream": True, "stream_options": {"include_usage": True}}
    content, finish, usage, events = "", None, None, 0
    for chunk in client.chat.completions.create(**asked):
        events += 1
        usage = chunk.usage.model_dump() if chunk.usage else usage
        for choice in chunk.choices:
            content += choice.delta.content or ""
            finish = choice.finish_reason or finish
    with client.chat.completions.with_streaming_response.create(**asked) as raw:
        lines = [line for line in raw.iter_lines() if line]
    comments = [line for line in lines if line.startswith(":")]
    result = {"content": content, "finish_reason": finish, "usage": usage, "events": events}
    json.dump({**result, "comments": len(comments), "last": lines[-1]}, sys.stdout)


main()
