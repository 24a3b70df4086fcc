package gazetteer

import "github.com/threatdraft/threatdraft/internal/stride"

var devices = []row{
	{"iot_device", pr, stride.ZoneDevice, Noun, "iot device|smart device|smart meter|smart lock|smart speaker|thermostat|smart camera|wearable|smart light|gateway device|iot gateway|edge device|edge gateway|set top box|smart tv|connected device|embedded device|field device|edge computer|raspberry pi|arduino|microcontroller|esp32|home hub|smart hub|router|medical device|infusion pump|pacemaker|smartwatch|smart plug|charging station|embedded computer|single board computer|doorbell|access point|keypad|wireless keypad|card reader|insulin pump|glucose monitor|smart doorbell|light bulb"},
	{"iot_device", pr, stride.ZoneDevice, Product, "aws iot greengrass|greengrass|azure iot edge"},
	{"robot", pr, stride.ZoneDevice, Noun, "robot|robot arm|robotic arm|drone|uav|mobile robot|industrial robot|cobot|third party robotic system|robotic system|autonomous robot|gripper|modular joint|ground robot|robot computer|end effector"},
	{"vehicle", pr, stride.ZoneVehicle, Noun, "vehicle|car|truck|connected car|electronic control unit|ecu|infotainment system|telematics unit|telematics control unit|tcu|head unit|autonomous vehicle|in vehicle gateway|vehicle gateway|on board unit|obd dongle|engine control unit|body control module|gateway ecu"},
	{"sensor", pr, stride.ZoneDevice, Noun, "sensor|camera|lidar|radar|imu|gps receiver|gps|gnss receiver|microphone|temperature sensor|pressure sensor|motion sensor|flow meter|ip camera|camera module|gps module|smoke detector|accelerometer|joystick|xbox controller|gyroscope|encoder sensor|barcode scanner|proximity sensor"},
	{"actuator", pr, stride.ZoneDevice, Noun, "actuator|motor|servo|valve|relay|pump|brake|servo motor|motor driver|motor controller|circuit breaker switch|electric motor"},
	{"controller", pr, stride.ZoneDevice, Noun, "plc|programmable logic controller|rtu|scada|scada server|scada system|hmi|industrial controller|industrial pc|flight controller|remote terminal unit|process controller|safety controller|distributed control system|dcs|engineering workstation|historian|field controller|opencr board|control board|operator panel|safety plc|robot controller"},
	{"mobile_device", ee, stride.ZoneDevice, Noun, "mobile device|smartphone|phone|tablet|mobile phone|android device|android phone|ios device|user device|iphone|ipad|laptop|workstation|user laptop|handheld device|user's phone|user's device|endpoint device|developer laptop|developer workstation"},
	{"debug_port", pr, stride.ZoneDevice, Noun, "debug port|jtag|uart|serial port|usb port|jtag port|debug interface|serial console|obd ii port|obd port|uart console|hdmi port|ethernet port|diagnostic port|swd|jtag interface|debug header|usb interface|maintenance port|diagnostic interface"},
	{"field_bus", pr, stride.ZoneDevice, Noun, "can bus|modbus|fieldbus|field bus|profinet|profibus|spi bus|i2c bus|lin bus|flexray|ethercat|bus network|communication bus|vehicle bus|serial bus|opc ua server|dnp3|automotive ethernet|canopen|modbus tcp|can network|communications bus"},
	{"wireless", pr, stride.ZoneDevice, Noun, "wifi|wi fi|bluetooth|ble|zigbee|lorawan|wlan|wireless network|cellular network|nfc|rfid|z wave|wifi network|cellular modem|modem|lte modem|gsm modem|5g network|lora gateway|wifi access point|bluetooth low energy|wireless link|short range link|long range link|wan link|cellular link|lte link|radio modem|licensed radio|wifi lan|thread network|radio link|satellite link"},
	{"update_service", pr, "", Noun, "update server|ota server|ota service|firmware update service|update service|firmware server|software update server|ota update server|update agent|software update agent|update client|ota client|software update service|over the air update service|firmware update server|ota update service|ota update|update mechanism|updater|bootloader|auto updater|firmware repository|ota backend"},
	{"update_service", pr, "", Product, "mender|mender server|mender ota server|mender ota client|mender client|hawkbit|balena|uptane|mender ota|rauc|swupdate"},
	{"robot_middleware", pr, stride.ZoneDevice, Noun, "robot middleware|ros node|ros 2 node|ros 2 topic|ros topic|ros master|middleware|robot operating system|dds|dds domain|ros 2 api|ros graph|motion planner|ros 2 graph|ros bridge|navigation stack|inter component communication|robot component"},
	{"robot_middleware", pr, stride.ZoneDevice, Product, "ros|ros 2|ros2|moveit|rosbridge|fast dds|micro ros|xrce agent|micro xrce dds|autoware|px4|ardupilot|mavlink router|rviz|gazebo simulator"},
	{"device", pr, stride.ZoneDevice, Noun, "device|hardware device|peripheral|printer|scanner device|appliance|atm|vending machine|terminal|turnstile|barrier gate"},
}

var learning = []row{
	{"llm", pr, "", Noun, "llm|large language model|language model|foundation model|gpt|llm provider|llm service|llm api|chat model|genai model|generative ai model|embedding model|llm endpoint|hosted model|model provider|embeddings api|embeddings model|multimodal model"},
	{"llm third_party", pr, stride.ZoneThirdParty, Product, "openai|openai api|gpt 4|gpt 4o|gpt 3.5|chatgpt|claude|anthropic|anthropic api|azure openai|azure openai service|amazon bedrock|aws bedrock|bedrock|cohere|mistral api|google vertex ai gemini|openai gpt 4|gemini api|groq api"},
	{"llm", pr, "", Product, "ollama|vllm|llama.cpp|llama 2|llama 3|mistral 7b|mixtral|text generation inference|tgi server"},
	{"llm third_party", pr, stride.ZoneThirdParty, Name, "gemini"},
	{"ml_model", pr, "", Noun, "ml model|machine learning model|neural network|classifier|model server|inference service|inference server|recommendation engine|recommender|inference endpoint|model endpoint|prediction service|model serving|ranking model|object detector|convolutional neural network|scoring model|model inference service|prediction api|recommendation service|fraud model|speech recognition service"},
	{"ml_model", pr, "", Product, "tensorflow serving|torchserve|triton inference server|seldon core|kserve|sagemaker endpoint|bentoml"},
	{"ml_pipeline", pr, "", Noun, "training pipeline|ml pipeline|training job|model training|machine learning pipeline|jupyter notebook|notebook|notebook server|feature pipeline|training cluster|training environment|model training job|labeling tool|labelling tool|data labeling service|fine tuning job|training service|fine tuning pipeline|feature engineering job|annotation tool"},
	{"ml_pipeline", pr, "", Product, "sagemaker|amazon sagemaker|vertex ai|azure machine learning|azure ml|mlflow|kubeflow|jupyterhub|jupyter|jupyterlab|ray cluster|feast|weights and biases"},
	{"llm_agent", pr, "", Noun, "ai agent|llm agent|autonomous agent|agent orchestrator|coding agent|multi agent system|assistant agent|agent runtime|planning agent|planner agent|research agent|orchestrator agent|agent loop|executor agent|agentic workflow"},
	{"llm_agent", pr, "", Product, "langchain agent|autogpt|crewai|langgraph|autogen|bedrock agent|openai assistants"},
	{"llm_application", pr, "", Noun, "chatbot|chat bot|ai assistant|virtual assistant|rag application|rag pipeline|rag service|copilot|chat assistant|prompt template|retriever|retrieval service|genai application|llm application|support bot|chat application|rag system|chat service|assistant|embedding service|prompt service|llm gateway|guardrail service|chat ui|question answering service|retrieval pipeline|summarization service|ai chatbot|ai service|guardrails"},
	{"llm_application", pr, "", Product, "langchain|llamaindex|haystack pipeline|semantic kernel|dialogflow|amazon lex|rasa"},
	{"llm_tool", pr, "", Noun, "tool server|mcp server|llm tool|agent tool|code interpreter|plugin server|function tool|tool api|web search tool|browser tool|code execution tool|tool executor|code execution sandbox|mcp tool|model context protocol server|search tool|code sandbox|email tool|sql tool|tool registry"},
	{"training_data", ds, "", Noun, "training data|training dataset|training set|dataset|data set|validation set|training and validation image|training data store|labeled data|training image|training data storage|knowledge base|document corpus|corpus|training and validation images storage|training corpus|image dataset|training and validation image storage blob"},
	{"ml_model", ds, "", Noun, "model file|model artifact|model weight|model store|model repository|machine learning model storage|model checkpoint|model binary"},
}

// weak nouns need a modifier: "the Billing service", "order processor".
var weak = []row{
	{"service", pr, "", Weak, "service|server|system|application|app|process|component|module|engine|manager|handler|processor|platform|instance|endpoint|interface|host|computer|machine|solution|integration|tool|connector|adapter|bridge|collector|dispatcher service|aggregator|subsystem|layer|generator|node|cluster|producer|publisher|requester|receiver|consumer|plugin|add on|listener|poller|renderer|resolver|validator service|watcher|executor|model|broker service|router service|synchronizer|microfrontend|site|page|origin|controller|orchestrator|planner|notifier|exporter|importer|loader|validator|recorder|daemon|matcher|signer|scanner|checker|tracker|launcher|collator|allocator|watchdog"},
	{"database", ds, "", Weak, "lake|catalogue"},
	{"search_index", ds, "", Weak, "index"},
	{"agent", pr, "", Weak, "agent|bot|probe|runner"},
	{"function", pr, "", Weak, "fn"},
	{"web_app", pr, "", Weak, "ui|gui|user interface|web interface|front end"},
	{"gateway", pr, "", Weak, "gateway"},
	{"operator", ee, "", Weak, "operator|engineer|team|specialist|owner|personnel"},
	{"third_party", ee, stride.ZoneThirdParty, Weak, "provider|vendor|supplier"},
	{"file_storage", ds, "", Weak, "file|storage|store|volume|archive|folder|directory|document store file"},
	{"object_storage", ds, "", Weak, "blob"},
	{"log_store", ds, "", Weak, "log"},
	{"relational", ds, "", Weak, "table"},
	{"message_bus", ds, "", Weak, "bus|topic|channel|exchange"},
	{"code_repository", ds, "", Weak, "repository|repo"},
	{"controller", pr, "", Weak, "board"},
	{"package_dependency", ee, "", Weak, "library|package"},
	{"database", ds, "", Weak, "data store|datastore"},
	{"key_value_store", ds, "", Weak, "session"},
	{"human", ee, "", Weak, "person|actor|member|people"},
}
