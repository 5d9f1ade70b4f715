"""
ministack, with handlers for those resource types of our stacks that its CloudFormation does not know: its own services do what they ask
for. Whether the template asks for them rightly is cfn-lint's matter.
"""

from xml.sax.saxutils import escape

from ministack.app import main
from ministack.core.responses import error_response_json
from ministack.services import cloudfront, ec2, ecr
from ministack.services.cloudformation import provisioners


def checked(answer):
    """What a service answers, or its refusal as CloudFormation would report it."""
    status, _, body = answer
    if status >= 300:
        raise ValueError(body if isinstance(body, str) else body.decode())
    return answer


def create_vpc_origin(logical_id, props, stack_name):
    config = props["VpcOriginEndpointConfig"]
    fields = {"HTTPPort": 80, "HTTPSPort": 443, **{key: config[key] for key in config if key != "OriginSSLProtocols"}}
    elements = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in fields.items())
    body = (
        f'<CreateVpcOriginRequest xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
        f"<VpcOriginEndpointConfig>{elements}</VpcOriginEndpointConfig></CreateVpcOriginRequest>"
    )
    _, headers, _ = checked(cloudfront._create_vpc_origin(body.encode()))
    origin = cloudfront._vpc_origins[headers["Location"].rsplit("/", 1)[1]]
    return origin["Id"], {"Id": origin["Id"], "Arn": origin["Arn"], "Status": origin["Status"]}


def delete_vpc_origin(physical_id, props):
    cloudfront._vpc_origins.pop(physical_id, None)


def rules(kind):
    """A rule that stands beside its security group in the template."""

    def create(logical_id, props, stack_name):
        (rule,) = provisioners._ec2_sg_permissions([props])
        ec2._security_groups[props["GroupId"]][kind].append(rule)
        return f"sgr-{logical_id}", {"Id": f"sgr-{logical_id}"}

    def delete(physical_id, props):
        group = ec2._security_groups.get(props["GroupId"])
        (rule,) = provisioners._ec2_sg_permissions([props])
        if group and rule in group[kind]:
            group[kind].remove(rule)

    return {"create": create, "delete": delete}


def create_flow_log(logical_id, props, stack_name):
    plain = {key: [str(value)] for key, value in props.items() if isinstance(value, (str, int))}
    before = set(ec2._flow_logs)
    checked(ec2._create_flow_logs({**plain, "ResourceId.1": [props["ResourceId"]]}))
    (created,) = set(ec2._flow_logs) - before
    return created, {"Id": created}


def delete_flow_log(physical_id, props):
    ec2._flow_logs.pop(physical_id, None)


def describe_images(data, answer=ecr._describe_images):
    """ECR refuses to describe an image that it does not have, upon which `cdk deploy` builds it; ministack leaves it out."""
    name = data.get("repositoryName", "")
    missing = [image for image in data.get("imageIds") or [] if not ecr._find_image(name, image)]
    if name in ecr._repositories and missing:
        return error_response_json("ImageNotFoundException", f"The image with imageId {missing[0]} does not exist", 400)
    return answer(data)


ecr._describe_images = describe_images
provisioners._RESOURCE_HANDLERS.update(
    {
        "AWS::CloudFront::VpcOrigin": {"create": create_vpc_origin, "delete": delete_vpc_origin},
        "AWS::EC2::FlowLog": {"create": create_flow_log, "delete": delete_flow_log},
        "AWS::EC2::SecurityGroupEgress": rules("IpPermissionsEgress"),
        "AWS::EC2::SecurityGroupIngress": rules("IpPermissions"),
    }
)

main()
