from aws_cdk import App, Duration, Stack
from cdk_nextjs_ecs import NextjsBuild, NextjsCache, NextjsSite

app = App()
stack = Stack(app, "Web")
cache = NextjsCache(stack, "Cache", entry_expiration=Duration.days(30))
NextjsSite(
    stack,
    "Site",
    next_build=NextjsBuild.from_directory("../web"),
    cache=cache,
    cpu=512,
    memory_limit_mib=1024,
    environment={"CURRENCY": "EUR"},
)
app.synth()
