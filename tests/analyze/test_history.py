import pytest

from lightship.analyze.history import instruction_of


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("/bin/sh -c #(nop) ADD file:ab12 in / ", "ADD file:ab12 in /"),
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c apt-get update &&     apt-get install -y gcc", "RUN apt-get update && apt-get install -y gcc"),
        ("RUN /bin/sh -c chown -R app:app /app # buildkit", "RUN chown -R app:app /app"),
        ("RUN |2 A=1 B=x y /bin/sh -c make A # buildkit", "RUN make A"),
        ("|1 V=3 /bin/sh -c pip install x==$V", "RUN pip install x==$V"),
        ("RUN /bin/bash -o pipefail -c set -e; x # buildkit", "RUN set -e; x"),
        ("COPY app /app # buildkit", "COPY app /app"),
        ("lightship build: numpy and 3 more", "lightship build: numpy and 3 more"),
        ("/bin/sh -c one\n  two", "RUN one two"),
        ("", ""),
    ],
)
def test_a_history_in_the_words_of_a_dockerfile(said: str, meant: str) -> None:
    assert instruction_of(said) == meant
