Arg a
From scratch As X
Run a
OnBuild Run b
HealthCheck None
