﻿FROM scratch
CMD a
