"""What servers and models say when all is well, and how that is wrapped: what the answers' target changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fuzzing.mutations import Mutator

BODY: dict[str, Any] = {
    "id": "a",
    "object": "chat.completion",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "[RESULT] 4",
                "reasoning_content": None,
                "refusal": None,
                "tool_calls": None,
            },
            "finish_reason": "stop",
            "logprobs": None,
        }
    ],
    "usage": {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "completion_tokens_details": {"reasoning_tokens": 1},
        "prompt_tokens_details": {"cached_tokens": 2},
    },
}
TOOL: dict[str, Any] = {
    "choices": [
        {
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2},
}
PARTS: dict[str, Any] = {
    "choices": [
        {
            "message": {
                "content": [
                    {"type": "thinking", "thinking": [{"text": "hm"}]},
                    {"type": "text", "text": "Hallo"},
                ]
            },
            "finish_reason": {"type": "stop"},
        }
    ]
}
ERROR: dict[str, Any] = {
    "error": {
        "code": 400,
        "message": "maximum context length is 10 tokens",
        "type": "invalid_request_error",
        "param": "temperature",
    }
}
VECTORS: dict[str, Any] = {
    "data": [{"index": 0, "embedding": [0.1, 0.2]}, {"index": 1, "embedding": [0.3, -0.4]}],
    "usage": {"prompt_tokens": 2},
}
LINE: dict[str, Any] = {"custom_id": "k", "response": {"status_code": 200, "body": BODY}, "error": None}
BATCH: dict[str, Any] = {
    "id": "b",
    "status": "failed",
    "errors": {"data": [{"code": "token_limit_exceeded", "message": "too many", "line": 1}]},
}
BODIES = (BODY, BODY, TOOL, PARTS, ERROR)
SAID = (
    *(
        '{"prompt": "Was ist 1+1?", "response": "2"}',
        '```json\n{"prompt": "a \\"b\\" c", "response": "d"}\n```',
    ),
    *(
        "Wie viele?\nZwölf.",
        "<think>hm</think>Feedback. [RESULT] 4",
        "[[A]]",
        "Gut. [[tie]]",
        "Antwort: B",
        "12.500,5",
    ),
    *(
        "1,2 3'4 5٬6",
        "<|channel|>analysis<|message|>x<|end|><|channel|>final<|message|>y",
        "I cannot help with that.",
    ),
    *(
        "# Titel\n\n- a\n- b\n\n```python\nx = 1\n```\n\n$$x$$\n| a | b |\n|--|--|",
        "Satz eins. Satz zwei! Drei? 「四」。",
        "答え: Ａ",
    ),
)
STATUSES = (
    "200 OK",
    "200 OK",
    "200 OK",
    "200 OK",
    "400 Bad Request",
    "401 No",
    "404 Not Found",
    "429 Too Many",
    "500 Oops",
    "503 Busy",
    "204 None",
    "301 Moved",
    "999 Odd",
    "20 Short",
    "x",
)
HEADERS = (
    *(
        "Retry-After: 0",
        "Retry-After: nan",
        "Retry-After: 1e999",
        "Retry-After: Wed, 99 Foo 2024",
        "Location: \x1b[31m",
    ),
    *(
        "Content-Encoding: gzip",
        "Content-Encoding: br",
        "Transfer-Encoding: chunked",
        "Content-Type: text/html",
    ),
    *(
        "Content-Type: text/event-stream",
        "Content-Type: ;;;",
        "X: " + "y" * 9000,
        "Set-Cookie: a=\x00",
        "Connection: keep-alive",
    ),
)


def http_answer(mutator: Mutator, body: Any) -> bytes:
    """An answer of a server: status, headers and body, as JSON, as a stream of events, or neither."""
    content = mutator.content(json.dumps(body))
    kind = mutator.below(8)
    if kind == 5:
        content = b"".join(b"data: " + line + b"\n\n" for line in (content, b"[DONE]"))
    elif kind == 6:
        content = b"%x\r\n%s\r\n0\r\n\r\n" % (len(content), content)
    elif kind == 7:
        content = mutator.packed(content)
    headers = [mutator.of(HEADERS)] if mutator.once_in(3) else []
    reply = http_reply(mutator.of(STATUSES), headers, content)
    return mutator.damaged(reply) if mutator.once_in(8) else reply


def http_reply(status: str, headers: Sequence[str], body: bytes) -> bytes:
    """Status line, headers and body as bytes."""
    told_type = (
        [] if any(line.startswith("Content-Type") for line in headers) else ["Content-Type: application/json"]
    )
    sized = [] if any("chunked" in line for line in headers) else [f"Content-Length: {len(body)}"]
    head = "\r\n".join((f"HTTP/1.1 {status}", *told_type, *sized, "Connection: close", *headers))
    return head.encode("latin-1", "replace") + b"\r\n\r\n" + body
