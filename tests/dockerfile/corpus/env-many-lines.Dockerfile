FROM scratch
ENV A=1 \
    B="two words" \
    # about C
    C='three' \

    D=$A
