"""Whose keys open a store, and how it is addressed: variables, AWS's files, and the forms that other stores need."""

from pathlib import Path

import pytest

from lightship.assets.push.credentials import keys_for, s3_settings, store_access
from lightship.assets.push.target import parse_target
from lightship.errors import InputError, UsageError

AWS = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET"}


def test_variables_go_before_the_profile(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        "[default]\naws_access_key_id = FILE\naws_secret_access_key = a%b\n\n"
        "[other]\naws_access_key_id=OTHER\naws_secret_access_key=c=d\naws_session_token=tok\n"
    )
    (tmp_path / ".aws/config").write_text(
        "[default]\nregion = eu-west-1\n"
        "[profile other]\nregion=ap-south-1\nendpoint_url=http://127.0.0.1:9\ns3 =\n  x = y\n"
    )
    home = {"HOME": str(tmp_path)}
    found = keys_for("s3", store_access(home))
    assert found is not None
    assert (found.key_id, found.secret, found.token) == ("FILE", "a%b", None)
    other = store_access({**home, "AWS_PROFILE": "other"})
    found = keys_for("s3", other)
    assert found is not None
    assert (found.key_id, found.secret, found.token) == ("OTHER", "c=d", "tok")
    assert other.region_for("s3") == "ap-south-1"
    assert other.endpoint_for("s3") == "http://127.0.0.1:9"
    assert other.plain_http("s3")
    found = keys_for("s3", store_access({**home, **AWS}))
    assert found is not None
    assert found.key_id == "AKID"
    assert store_access(home).region_for("s3") == "eu-west-1"
    assert store_access({**home, "AWS_REGION": "us-west-2"}).region_for("s3") == "us-west-2"
    assert store_access(home, region="x").region_for("s3") == "x"
    with pytest.raises(UsageError, match="no profile 'third'"):
        keys_for("s3", store_access({**home, "AWS_PROFILE": "third"}))


def test_a_profile_that_leads_elsewhere_is_told_how_to_be_followed(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[profile sso]\nsso_session = corp\nrole_arn = x\n")
    environ = {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "sso"}
    with pytest.raises(UsageError, match="role_arn") as caught:
        keys_for("s3", store_access(environ))
    assert "export-credentials" in (caught.value.hint or "")
    assert keys_for("s3", store_access({**environ, "AWS_WEB_IDENTITY_TOKEN_FILE": "/token"})) is None


def test_a_file_that_is_none_tells_no_line_of_it(tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("aws_secret_access_key SECRETTEXT\n")
    with pytest.raises(InputError) as caught:
        keys_for("s3", store_access({"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials")}))
    assert "SECRETTEXT" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_half_a_pair_is_told() -> None:
    with pytest.raises(UsageError, match="AWS_SECRET_ACCESS_KEY is not set, and AWS_ACCESS_KEY_ID is"):
        keys_for("s3", store_access({"AWS_ACCESS_KEY_ID": "AKID"}))


def test_oss_and_cos_are_asked_for_by_the_buckets_own_host() -> None:
    oss = store_access({"OSS_ACCESS_KEY_ID": "L", "OSS_ACCESS_KEY_SECRET": "S"}, region="cn-hangzhou")
    settings = s3_settings(parse_target("oss://mine"), oss)
    assert settings["endpoint"] == settings["aws_endpoint_url_s3"] == "https://mine.s3.oss-cn-hangzhou.aliyuncs.com"
    assert settings["virtual_hosted_style_request"] is True
    assert settings["disable_bulk_delete"] is True
    assert "checksum_algorithm" not in settings
    sts = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "L",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "S",
        "ALIBABA_CLOUD_SECURITY_TOKEN": "T",
    }
    inside = store_access(sts, endpoint="https://s3.oss-cn-hangzhou-internal.aliyuncs.com")
    settings = s3_settings(parse_target("oss://mine"), inside)
    assert settings["endpoint"] == "https://mine.s3.oss-cn-hangzhou-internal.aliyuncs.com"
    assert settings["session_token"] == "T"
    cos = store_access({"COS_SECRET_ID": "I", "COS_SECRET_KEY": "K", "COS_REGION": "ap-guangzhou"})
    settings = s3_settings(parse_target("cos://mine-1250000000"), cos)
    assert settings["endpoint"] == "https://mine-1250000000.cos.ap-guangzhou.myqcloud.com"
    assert settings["region"] == "ap-guangzhou"


def test_r2_is_an_account_and_its_keys_may_have_awss_names() -> None:
    settings = s3_settings(parse_target("r2://mine"), store_access({**AWS, "R2_ACCOUNT_ID": "abc"}))
    assert settings["endpoint"] == "https://abc.r2.cloudflarestorage.com"
    assert settings["region"] == "auto"
    assert settings["access_key_id"] == "AKID"
    with pytest.raises(UsageError, match="which account"):
        s3_settings(parse_target("r2://mine"), store_access(AWS))


@pytest.mark.parametrize("scheme", ["oss", "cos"])
def test_what_is_missing_is_told(scheme: str) -> None:
    with pytest.raises(UsageError, match="there are no credentials"):
        s3_settings(parse_target(f"{scheme}://mine"), store_access(AWS, region="x"))
    names = {"oss": ("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET"), "cos": ("COS_SECRET_ID", "COS_SECRET_KEY")}
    with pytest.raises(UsageError, match="which region"):
        s3_settings(parse_target(f"{scheme}://mine"), store_access(dict.fromkeys(names[scheme], "x")))


def test_amazons_own_store_needs_nothing_but_what_obstore_finds() -> None:
    assert s3_settings(parse_target("s3://mine"), store_access({})) == {}


def test_no_key_is_in_a_repr() -> None:
    access = store_access({"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_SESSION_TOKEN": "TOK"})
    told = f"{access!r} {keys_for('s3', access)!r}"
    assert not any(word in told for word in ("AKID", "SECRET", "TOK"))
