"""Has a recording written down with the official OpenAI Python SDK, in each format, and prints what it saw as one JSON object.

Usage: transcriptions.py BASE_URL KEY MODEL FILE
"""

import json
import pathlib
import sys

import openai


def transcribed(client, model, file, form):
    """What was said; text for the formats that are no JSON."""
    answer = client.audio.transcriptions.with_raw_response.create(model=model, file=file, response_format=form)
    said = answer.parse()
    headers = {name: answer.headers.get(name) for name in ("content-type", "x-swan-cost", "x-swan-connection-mode")}
    return {"said": said if isinstance(said, str) else said.model_dump(), "class": type(said).__name__, "headers": headers}


def refused(call):
    """The class and status of the error that a call ends with."""
    try:
        call()
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code, "message": error.message}
    return None


def main():
    """Asks for each format."""
    base_url, key, model, path = sys.argv[1:]
    client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=30)
    file = pathlib.Path(path)
    forms = ["json", "text", "srt", "vtt", "verbose_json"]
    result = {form: transcribed(client, model, file, form) for form in forms}
    result["no_recording"] = refused(lambda: transcribed(client, model, ("noise.wav", b"noise"), "json"))
    json.dump(result, sys.stdout)


main()
