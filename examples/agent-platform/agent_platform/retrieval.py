"""Retrieval: a BPE tokenizer trained on the documents, hashed term vectors, an embedded Qdrant."""

import threading
import zlib
from dataclasses import dataclass, field

import numpy as np
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, PointStruct, VectorParams
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import NFKC, Lowercase, Sequence
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.trainers import BpeTrainer

DIMENSIONS = 512


@dataclass
class Retriever:
    """Indexes texts once, then answers queries by cosine similarity."""

    client: QdrantClient = field(default_factory=lambda: QdrantClient(":memory:"))
    tokenizer: Tokenizer = field(default_factory=lambda: Tokenizer(BPE(unk_token="[UNK]")))  # noqa: S106
    lock: threading.Lock = field(default_factory=threading.Lock)

    def index(self, documents: dict[str, str]) -> None:
        self.tokenizer.normalizer = Sequence([NFKC(), Lowercase()])
        self.tokenizer.pre_tokenizer = Whitespace()
        trainer = BpeTrainer(vocab_size=2000, special_tokens=["[UNK]"], show_progress=False)
        self.tokenizer.train_from_iterator(documents.values(), trainer)
        vectors = VectorParams(size=DIMENSIONS, distance=Distance.COSINE)
        self.client.create_collection("documents", vectors_config=vectors)
        points = [
            PointStruct(id=number, vector=self.embed(text).tolist(), payload={"name": name})
            for number, (name, text) in enumerate(sorted(documents.items()))
        ]
        self.client.upsert("documents", points)

    def embed(self, text: str) -> np.ndarray:
        vector = np.zeros(DIMENSIONS, dtype=np.float32)
        for token in self.tokenizer.encode(text).tokens:
            vector[zlib.crc32(token.encode()) % DIMENSIONS] += 1.0
        return np.log1p(vector)

    def search(self, query: str, limit: int = 3) -> list[dict[str, object]]:
        with self.lock:
            found = self.client.query_points("documents", query=self.embed(query).tolist(), limit=limit)
        return [{"name": point.payload["name"], "score": round(point.score, 4)} for point in found.points]
