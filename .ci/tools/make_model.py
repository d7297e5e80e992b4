"""Writes a tiny llama-architecture chat model whose next token depends on the last token only.

Random weights would answer with noise that never ends. Here a table of word pairs is written exactly into the
tensors: the embedding of a word is one basis vector, attention and feed-forward add nothing, and the output matrix holds
the logarithm of each word's followers. What llama.cpp then computes is real inference with readable replies that end.

Usage: make_model.py OUT.gguf
"""

import math
import sys

import gguf
import numpy as np

# Each story is one path through the table. No word occurs twice (a word is its own state), so a path never forks by accident.
STORIES = [
    "Swan carries this answer from a real model server.",
    "Every token crossed one outbound socket before reaching you.",
    "Nothing here was scripted; llama.cpp computed each word.",
    "Money moves through balanced ledger entries, always exactly.",
    "Providers earn their share when streams finish cleanly.",
    "Holds expire, charges stay, audits prove both sides.",
    "Hubs route requests toward healthy machines with spare capacity.",
    "Consumers simply see words arriving in order.",
]
# The stories that a reply may open with, and how likely each is. At temperature 0 the first one is taken.
OPENINGS = [(0, 0.5), (3, 0.3), (6, 0.2)]
# After a story the reply ends, or goes on with the next one; the third of each run is where a greedy reply ends.
GREEDY_END = {2, 5, 7}

CONTROL = {"<unk>": gguf.TokenType.UNKNOWN, "<s>": gguf.TokenType.CONTROL, "</s>": gguf.TokenType.CONTROL}
TURNS = ["<|user|>", "<|assistant|>"]
BOS, EOS = 1, 2
SPACE = "\u2581"
WIDTH = 128
HEADS = 4
CONTEXT = 32768
NEVER = -40.0

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|user|>' if message['role'] != 'assistant' else '<|assistant|>' }}"
    "{{ message['content'] }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


class Vocabulary:
    """Tokens in their order, with a SentencePiece score and a type each."""

    def __init__(self):
        self.ids, self.scores, self.types = {}, [], []

    def add(self, text, score, kind=gguf.TokenType.NORMAL):
        """Adds a token unless it is there, and answers its id."""
        if text not in self.ids:
            self.ids[text] = len(self.ids)
            self.scores.append(score)
            self.types.append(kind)
        return self.ids[text]


def build_vocabulary():
    """Control tokens, all bytes, printable ASCII, and each word with the beginnings that SentencePiece merges it from."""
    vocabulary = Vocabulary()
    for text, kind in CONTROL.items():
        vocabulary.add(text, 0.0, kind)
    for byte in range(256):
        vocabulary.add(f"<0x{byte:02X}>", 0.0, gguf.TokenType.BYTE)
    for turn in TURNS:
        vocabulary.add(turn, 0.0, gguf.TokenType.CONTROL)
    vocabulary.add(SPACE, -1000.0)
    for code in range(0x21, 0x7F):
        vocabulary.add(chr(code), -1000.0)
    words = [SPACE + word for story in STORIES for word in story.split()]
    if len(set(words)) != len(words):
        raise SystemExit(f"a word occurs twice: {sorted(w for w in set(words) if words.count(w) > 1)}")
    for word in words:
        for end in range(2, len(word) + 1):
            vocabulary.add(word[:end], -100.0 + end)
    return vocabulary


def followers(vocabulary):
    """The table: for each token that can be generated, or that opens a reply, the probability of each follower."""
    paths = [[vocabulary.ids[SPACE + word] for word in story.split()] for story in STORIES]
    table = {vocabulary.ids["<|assistant|>"]: {paths[story][0]: p for story, p in OPENINGS}}
    for number, path in enumerate(paths):
        for word, after in zip(path, path[1:]):
            table[word] = {after: 1.0}
        on = paths[(number + 1) % len(paths)][0]
        end = 0.9 if number in GREEDY_END else 0.2
        table[path[-1]] = {EOS: end, on: 1.0 - end}
    return table


def tensors(vocabulary, table):
    """The weights: state `k` of the table is basis vector `k`; vector 0 stands for every other token."""
    size = len(vocabulary.ids)
    states = {token: index + 1 for index, token in enumerate(table)}
    if len(states) >= WIDTH:
        raise SystemExit(f"{len(states)} states do not fit a width of {WIDTH}")
    embedding = np.zeros((size, WIDTH), dtype=np.float32)
    output = np.full((size, WIDTH), NEVER, dtype=np.float32)
    for token in range(size):
        embedding[token, states.get(token, 0)] = 1.0
    # A prompt that does not end with the assistant's turn is answered with the end of the reply.
    output[EOS, 0] = 0.0
    for token, state in states.items():
        for follower, probability in table[token].items():
            output[follower, state] = math.log(probability)
    # The final norm divides by the root mean square, 1/sqrt(WIDTH) for a basis vector; this weight undoes it.
    ones, undo = np.ones(WIDTH, dtype=np.float32), np.full(WIDTH, 1.0 / math.sqrt(WIDTH), dtype=np.float32)
    square = np.zeros((WIDTH, WIDTH), dtype=np.float32)
    block = {"attn_norm": ones, "ffn_norm": ones}
    block |= {name: square for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")}
    named = {"token_embd.weight": embedding, "output_norm.weight": undo, "output.weight": output}
    return named | {f"blk.0.{name}.weight": weight for name, weight in block.items()}


def write(path):
    """Writes the model file."""
    vocabulary = build_vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("swan-test-bigram")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(vocabulary.ids))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(list(vocabulary.ids))
    writer.add_token_scores(vocabulary.scores)
    writer.add_token_types(vocabulary.types)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_chat_template(CHAT_TEMPLATE)
    for name, tensor in tensors(vocabulary, followers(vocabulary)).items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    write(sys.argv[1])
