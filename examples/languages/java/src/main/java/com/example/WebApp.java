package com.example;

import io.github.cdknextjsecs.NextjsBuild;
import io.github.cdknextjsecs.NextjsCache;
import io.github.cdknextjsecs.NextjsSite;
import java.util.Map;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Duration;
import software.amazon.awscdk.Stack;

public final class WebApp {
    public static void main(String[] arguments) {
        App app = new App();
        Stack stack = new Stack(app, "Web");
        NextjsCache cache = NextjsCache.Builder.create(stack, "Cache").entryExpiration(Duration.days(30)).build();
        NextjsSite.Builder.create(stack, "Site")
            .nextBuild(NextjsBuild.fromDirectory("../web"))
            .cache(cache)
            .cpu(512)
            .memoryLimitMiB(1024)
            .environment(Map.of("CURRENCY", "EUR"))
            .build();
        app.synth();
    }
}
