from lightship.ecosystem.recognisers import RECOGNISERS


def test_each_has_a_code_of_its_own() -> None:
    codes = [recogniser.code for recogniser in RECOGNISERS]
    assert len(set(codes)) == len(codes)


def test_package_managers_of_the_distribution_claim_before_others() -> None:
    codes = [recogniser.code for recogniser in RECOGNISERS]
    assert codes.index("dpkg") < codes.index("conda") < codes.index("python") < codes.index("go")


def test_what_is_wanted_is_bounded() -> None:
    for recogniser in RECOGNISERS:
        for wanted in recogniser.wanted:
            assert 0 < wanted.cap_bytes <= 256 << 20
            assert wanted.name or wanted.suffix or "*" not in wanted.directory
