package gazetteer

import "strings"

// managedBy lists what a cloud provider runs for its customers: its service, not
// their machine. An alias of the tables that stands here gets the tag
// managed_service beside what it is. Vendor prefixes ("amazon", "azure") count as
// said; the source is the providers' own catalogues of services.
var managedBy = []struct{ provider, aliases string }{
	{"aws", "s3|s3 bucket|dynamodb|dynamodb table|rds|rds postgresql|rds mysql|rds for postgresql|rds for mysql|aurora|aurora postgresql|aurora mysql|aurora serverless|redshift|timestream|neptune|" +
		"documentdb|elasticache|memorydb|opensearch service|opensearch serverless|athena|keyspaces|qldb|sqs|sqs queue|sns|sns topic|kinesis|kinesis data streams|kinesis firehose|" +
		"kinesis data firehose|kinesis video streams|msk|mq|eventbridge|eventbridge scheduler|lambda|lambda function|lambda@edge|step functions|fargate|fargate task|ecs|ecs task|eks|eks cluster|" +
		"app runner|elastic beanstalk|batch|glue|emr|lake formation|quicksight|api gateway|appsync|cloudfront|waf|shield|route 53|route53|alb|nlb|elastic load balancing|elastic load balancer|" +
		"network firewall|global accelerator|direct connect|transit gateway|client vpn|privatelink|cognito|cognito user pool|iam|iam identity center|sso|verified permissions|secrets manager|" +
		"kms|kms key|cloudhsm|parameter store|ssm parameter store|systems manager|certificate manager|acm|cloudwatch|cloudwatch logs|cloudtrail|x ray|guardduty|security hub|inspector|macie|config|" +
		"codepipeline|codebuild|codedeploy|codecommit|codeartifact|ecr|cloudformation|control tower|ses|pinpoint|connect|backup|efs|ebs|fsx|glacier|s3 glacier|storage gateway|transfer family|" +
		"sagemaker|sagemaker endpoint|bedrock|bedrock agent|rekognition|textract|transcribe|polly|comprehend|lex|kendra|translate|iot core|iot greengrass|iot device management|iot sitewise|" +
		"appconfig|amplify|lightsail|datasync|database migration service|dms|managed grafana|managed prometheus|managed airflow|mwaa|appflow"},
	{"azure", "azure sql|azure sql database|sql managed instance|cosmos db|cosmosdb|database for postgresql|database for mysql|cache for redis|synapse|synapse analytics|data lake|data lake storage|adls|" +
		"blob storage|blob|storage|storage account|table storage|queue storage|storage queue|files|file storage|file share|data factory|databricks|stream analytics|event hubs|event hub|event grid|" +
		"service bus|functions|function|app service|container apps|container instances|aks|aks cluster|kubernetes service|logic apps|logic app|api management|front door|traffic manager|application gateway|" +
		"load balancer|cdn|dns|waf|firewall|bastion|ddos protection|expressroute|private link|ad|active directory|ad b2c|entra id|key vault|managed hsm|app configuration|monitor|application insights|" +
		"log analytics|activity log|sentinel|defender for cloud|policy|devops|pipelines|repos|artifacts|container registry|acr|resource manager|communication services|backup|openai|openai service|" +
		"ai search|cognitive search|cognitive services|machine learning|ml|bot service|iot hub|iot central|iot edge|digital twins|device provisioning service|notification hubs|signalr service|purview|" +
		"static web apps|spring apps|automation|hdinsight|data explorer|fabric"}, //nolint:misspell // HDInsight is a product
	{"gcp", "cloud sql|cloud sql for postgresql|spanner|cloud spanner|firestore|cloud firestore|bigtable|bigquery|memorystore|alloydb|cloud storage|gcs|gcs bucket|filestore|pub sub|cloud pub sub|" +
		"cloud tasks|cloud scheduler|cloud functions|cloud function|cloud run|app engine|gke|gke cluster|kubernetes engine|compute engine|cloud endpoints|apigee|cloud load balancing|cloud cdn|" +
		"cloud armor|cloud dns|cloud vpn|cloud interconnect|cloud nat|identity platform|cloud identity|identity aware proxy|iap|secret manager|cloud kms|cloud hsm|cloud logging|cloud monitoring|" +
		"cloud trace|cloud audit logs|security command center|cloud build|artifact registry|container registry|gcr|cloud deploy|workflows|cloud composer|dataflow|cloud dataflow|dataproc|data fusion|" +
		"dataform|looker|vertex ai|vertex ai gemini|dialogflow|document ai|cloud vision|vision api|translate|speech to text|firebase|firebase auth|firebase authentication|firebase functions|firebase hosting|" +
		"firebase realtime database|firebase cloud messaging|fcm|cloud iot core|eventarc|datastream|certificate authority service|recaptcha enterprise"},
}

// vendors are the prefixes under which each provider sells its services.
var vendors = map[string][]string{
	"aws": {"aws ", "amazon "}, "azure": {"azure ", "microsoft azure ", "microsoft "}, "gcp": {"google cloud ", "google ", "gcp ", "cloud "},
}

// managedAliases returns the aliases that name managed services. A bare name
// counts where it is a product's ("sqs"), not where it is a common noun ("waf").
func managedAliases() map[string]bool {
	out := map[string]bool{}
	for _, m := range managedBy {
		for _, alias := range strings.Split(m.aliases, "|") {
			out[alias] = true
			for _, v := range vendors[m.provider] {
				out[v+alias] = true
			}
		}
	}
	return out
}
