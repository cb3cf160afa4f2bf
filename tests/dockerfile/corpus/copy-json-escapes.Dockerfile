FROM scratch
COPY ["\u0061\t\"\\", "/\ud83d\ude00", "\/x"]
