package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdk-nextjs-ecs/cdk-nextjs-ecs-go/cdknextjsecs"
)

func main() {
	defer jsii.Close()

	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Web"), nil)
	cache := cdknextjsecs.NewNextjsCache(stack, jsii.String("Cache"), &cdknextjsecs.NextjsCacheProps{
		EntryExpiration: awscdk.Duration_Days(jsii.Number(30)),
	})
	cdknextjsecs.NewNextjsSite(stack, jsii.String("Site"), &cdknextjsecs.NextjsSiteProps{
		NextBuild:      cdknextjsecs.NextjsBuild_FromDirectory(jsii.String("../web")),
		Cache:          cache,
		Cpu:            jsii.Number(512),
		MemoryLimitMiB: jsii.Number(1024),
		Environment:    &map[string]*string{"CURRENCY": jsii.String("EUR")},
	})
	app.Synth(nil)
}
