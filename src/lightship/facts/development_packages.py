"""Which library the headers of a development package belong to: what a program that was compiled against them loads.

Depends of the packages of Debian 12 (bookworm), without other development packages; for both architectures alike (read
November 2026).
"""

__all__ = ["LIBRARY_OF"]

LIBRARY_OF = {
    "libpq-dev": "libpq5", "libmagic-dev": "libmagic1", "libxml2-dev": "libxml2", "libxslt1-dev": "libxslt1.1",
    "libxslt-dev": "libxslt1.1", "libgmp-dev": "libgmp10", "libmpfr-dev": "libmpfr6", "libmpc-dev": "libmpc3",
    "libssl-dev": "libssl3", "libffi-dev": "libffi8", "libjpeg-dev": "libjpeg62-turbo",
    "libjpeg62-turbo-dev": "libjpeg62-turbo", "zlib1g-dev": "zlib1g", "libpng-dev": "libpng16-16",
    "libfreetype6-dev": "libfreetype6", "libfreetype-dev": "libfreetype6", "libcairo2-dev": "libcairo2",
    "libpango1.0-dev": "libpangocairo-1.0-0", "libgl1-mesa-dev": "libgl1", "libglib2.0-dev": "libglib2.0-0",
    "libsndfile1-dev": "libsndfile1", "libldap2-dev": "libldap-2.5-0", "libsasl2-dev": "libsasl2-2",
    "libmariadb-dev": "libmariadb3", "default-libmysqlclient-dev": "libmariadb3", "libcurl4-openssl-dev": "libcurl4",
    "libbz2-dev": "libbz2-1.0", "liblzma-dev": "liblzma5", "libsqlite3-dev": "libsqlite3-0", "unixodbc-dev": "unixodbc",
    "libyaml-dev": "libyaml-0-2", "libgeos-dev": "libgeos-c1v5", "libproj-dev": "libproj25", "libgdal-dev": "libgdal32",
    "libhdf5-dev": "libhdf5-103-1", "libopenblas-dev": "libopenblas0", "libsnappy-dev": "libsnappy1v5",
    "librdkafka-dev": "librdkafka1", "libzmq3-dev": "libzmq5", "libtiff-dev": "libtiff6", "libwebp-dev": "libwebp7",
    "libxmlsec1-dev": "libxmlsec1-openssl", "libkrb5-dev": "libgssapi-krb5-2", "portaudio19-dev": "libportaudio2",
    "freetds-dev": "libsybdb5",
}  # fmt: skip
