//! Buckets of objects.

use super::{Program, Protocol};

pub(super) const S3: Protocol = Protocol {
    name: "s3",
    shell: (
        "aws",
        r#"AWS_ACCESS_KEY_ID="$<USERNAME>" AWS_SECRET_ACCESS_KEY="$<PASSWORD>" aws s3 ls "s3://$<DATABASE>" --endpoint-url "$<HOST>""#,
    ),
    programs: &[
        Program {
            language: "Python",
            by_uri: None,
            by_parts: r#"import os
import boto3

s3 = boto3.client(
    "s3",
    endpoint_url=os.environ["<HOST>"],
    aws_access_key_id=os.environ["<USERNAME>"],
    aws_secret_access_key=os.environ["<PASSWORD>"],
)
print(s3.list_objects_v2(Bucket=os.environ["<DATABASE>"])["KeyCount"])
"#,
        },
        Program {
            language: "Node.js",
            by_uri: None,
            by_parts: r#"import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";

const { <HOST>: endpoint, <DATABASE>: Bucket, <USERNAME>: accessKeyId, <PASSWORD>: secretAccessKey } = process.env;
const credentials = { accessKeyId, secretAccessKey };
const s3 = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
console.log((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount);
"#,
        },
        Program {
            language: "Go",
            by_uri: None,
            by_parts: r#"// github.com/aws/aws-sdk-go-v2
client := s3.New(s3.Options{
	BaseEndpoint: aws.String(os.Getenv("<HOST>")),
	Region:       "us-east-1",
	UsePathStyle: true,
	Credentials:  credentials.NewStaticCredentialsProvider(os.Getenv("<USERNAME>"), os.Getenv("<PASSWORD>"), ""),
})
list, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(os.Getenv("<DATABASE>"))})
"#,
        },
        Program {
            language: "Java",
            by_uri: None,
            by_parts: r#"// software.amazon.awssdk:s3
var credentials = AwsBasicCredentials.create(System.getenv("<USERNAME>"), System.getenv("<PASSWORD>"));
var s3 = S3Client.builder()
    .endpointOverride(URI.create(System.getenv("<HOST>")))
    .region(Region.US_EAST_1)
    .forcePathStyle(true)
    .credentialsProvider(StaticCredentialsProvider.create(credentials))
    .build();
System.out.println(s3.listObjectsV2(list -> list.bucket(System.getenv("<DATABASE>"))).keyCount());
"#,
        },
        Program {
            language: "Rust",
            by_uri: None,
            by_parts: r#"// aws-sdk-s3
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use std::env;

let config = aws_sdk_s3::Config::builder()
    .behavior_version(BehaviorVersion::latest())
    .endpoint_url(env::var("<HOST>")?)
    .region(Region::new("us-east-1"))
    .force_path_style(true)
    .credentials_provider(Credentials::new(env::var("<USERNAME>")?, env::var("<PASSWORD>")?, None, None, "env"))
    .build();
let s3 = aws_sdk_s3::Client::from_conf(config);
println!("{:?}", s3.list_objects_v2().bucket(env::var("<DATABASE>")?).send().await?.key_count());
"#,
        },
    ],
};
