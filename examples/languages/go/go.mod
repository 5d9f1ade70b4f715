module example.com/web

go 1.25

require (
	github.com/aws/aws-cdk-go/awscdk/v2 v2.276.0
	github.com/aws/jsii-runtime-go v1.140.0
	github.com/cdk-nextjs-ecs/cdk-nextjs-ecs-go/cdknextjsecs v0.1.0
)
