package prose

import "strings"

// synonyms are words and phrases that mean the same within a name: the left one
// is read as the right one. Longer ones stand first; what is spelt with a hyphen
// has a space here.
var synonyms = []struct{ from, to string }{
	{"kubernetes api server", "kube apiserver"}, {"k8s api server", "kube apiserver"}, {"kubernetes apiserver", "kube apiserver"},
	{"kubernetes api", "kube apiserver"}, {"k8s api", "kube apiserver"}, {"api server", "apiserver"}, {"kubernetes scheduler", "kube scheduler"},
	{"kubernetes controller manager", "kube controller manager"}, {"k8s", "kubernetes"},
	{"internet of thing", "iot"}, {"bluetooth low energy", "ble"}, {"large language model", "llm"}, {"software as a service", "saas"}, {"single page application", "spa"},
	{"single page app", "spa"}, {"content delivery network", "cdn"}, {"web application firewall", "waf"},
	{"application load balancer", "alb"}, {"network load balancer", "nlb"}, {"programmable logic controller", "plc"},
	{"electronic control unit", "ecu"}, {"telematics control unit", "tcu"}, {"hardware security module", "hsm"},
	{"human machine interface", "hmi"}, {"remote terminal unit", "rtu"}, {"identity provider", "idp"}, {"message queuing service", "sqs"},
	{"azure active directory", "entra id"}, {"azure ad b2c", "entra external id"}, {"azure ad", "entra id"},
	{"simple storage service", "s3"}, {"simple queue service", "sqs"}, {"simple notification service", "sns"}, {"simple email service", "ses"},
	{"elastic container registry", "ecr"}, {"elastic container service", "ecs"}, {"elastic kubernetes service", "eks"},
	{"elastic file system", "efs"}, {"elastic block store", "ebs"}, {"elastic compute cloud", "ec2"}, {"relational database service", "rds"},
	{"key management service", "kms"}, {"google kubernetes engine", "gke"}, {"azure kubernetes service", "aks"},
	{"elastic search", "elasticsearch"}, {"rabbit mq", "rabbitmq"}, {"postgres", "postgresql"}, {"mongo", "mongodb"},
	{"web site", "website"}, {"front end", "frontend"}, {"back end", "backend"}, {"web app", "webapp"}, {"web application", "webapp"},
	{"data store", "datastore"}, {"data base", "database"}, {"e mail", "email"}, {"log in", "login"},
	{"application", "app"}, {"db", "database"}, {"repo", "repository"}, {"svc", "service"}, {"administrator", "admin"},
	{"administration", "admin"}, {"administrative", "admin"}, {"authn", "authentication"}, {"authz", "authorization"},
	{"config", "configuration"}, {"mgmt", "management"}, {"gw", "gateway"}, {"msg", "message"}, {"env", "environment"},
}

// unify replaces synonyms in a name of lower-case singular words.
func unify(name string) string {
	padded := " " + name + " "
	for _, s := range synonyms {
		if strings.Contains(padded, s.from) && strings.Contains(padded, " "+s.from+" ") { // joins only what may be there
			padded = strings.ReplaceAll(padded, " "+s.from+" ", " "+s.to+" ")
		}
	}
	return strings.Trim(padded, " ")
}
