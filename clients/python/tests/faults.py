"""Transports that fail in front of the real service."""

from __future__ import annotations

from typing import List

import httpx


class LosesAnswers(httpx.HTTPTransport):
    """Carries the first requests out and loses their answers."""

    def __init__(self, lost: int) -> None:
        super().__init__()
        self.left = lost
        self.sent: List[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        response = super().handle_request(request)
        if self.left > 0:
            self.left -= 1
            response.read()
            response.close()
            raise httpx.ReadError("the answer is lost", request=request)
        return response


class Refuses(httpx.HTTPTransport):
    """Refuses the first requests with a status, without passing them on."""

    def __init__(self, times: int, status: int, retry_after: str) -> None:
        super().__init__()
        self.left = times
        self.status = status
        self.retry_after = retry_after
        self.sent = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent += 1
        if self.left > 0:
            self.left -= 1
            problem = {"code": "queue_full", "detail": "the queue is full", "status": self.status}
            return httpx.Response(self.status, headers={"retry-after": self.retry_after}, json=problem, request=request)
        return super().handle_request(request)
