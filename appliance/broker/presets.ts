import type { CredentialPreset } from "../model/credential.ts";

/**
 * Topics that firmwares use with their default settings, so that nothing but host, port, user and password must be
 * entered. Sources: the documents named in each entry.
 */
export const presets: readonly CredentialPreset[] = [
  {
    id: "own",
    title: "Own prefix",
    publish: (name) => [`site/${name}/#`],
    subscribe: (name) => [`site/${name}/#`],
    settings: (name) => [["Topic prefix", `site/${name}`]],
  },
  {
    // tasmota/docs MQTT.md: FullTopic %prefix%/%topic%/, prefixes cmnd, stat, tele; discovery below tasmota/discovery.
    id: "tasmota",
    title: "Tasmota",
    publish: (name) => [
      `tele/${name}/#`,
      `stat/${name}/#`,
      "tasmota/discovery/+/config",
      "tasmota/discovery/+/sensors",
    ],
    subscribe: (name) => [`cmnd/${name}/#`, "cmnd/tasmotas/#"],
    settings: (name) => [
      ["Topic", name],
      ["Full Topic", "%prefix%/%topic%/"],
    ],
  },
  {
    // shelly-api-docs.shelly.cloud/gen1: shellies/<model>-<id>, announce and command are shared.
    id: "shelly-gen1",
    title: "Shelly (first generation)",
    nameHint: "shellyplug-s-7A1C22",
    publish: (name) => [`shellies/${name}/#`, "shellies/announce"],
    subscribe: (name) => [`shellies/${name}/#`, "shellies/command"],
    settings: (name) => [["Use custom MQTT prefix", name]],
  },
  {
    // shelly-api-docs.shelly.cloud/gen2 Mqtt: topic_prefix, by default the device id; RPC notifications on by default.
    id: "shelly",
    title: "Shelly (Plus, Pro, Gen3, Gen4)",
    nameHint: "shellyplus1pm-aabbccddeeff",
    publish: (name) => [`${name}/#`],
    subscribe: (name) => [`${name}/rpc`, `${name}/command/#`, "shellies/command"],
    settings: (name) => [
      ["MQTT prefix", name],
      ["RPC status notifications over MQTT", "on"],
    ],
  },
  {
    // esphome.io components/mqtt: topic_prefix, by default the node's name; discovery below homeassistant.
    id: "esphome",
    title: "ESPHome",
    nameHint: "the node's name",
    publish: (name) => [`${name}/#`, `homeassistant/+/${name}/#`, `esphome/discover/${name}`],
    subscribe: (name) => [`${name}/#`, "esphome/discover", `esphome/ping/${name}`],
    settings: (name) => [["topic_prefix", name]],
  },
  {
    // zigbee2mqtt.io configuration/mqtt: base_topic zigbee2mqtt; a bridge that speaks for its devices.
    id: "zigbee2mqtt",
    title: "Zigbee2MQTT",
    publish: () => ["zigbee2mqtt/#", "homeassistant/#"],
    subscribe: () => ["zigbee2mqtt/#", "homeassistant/#"],
    settings: () => [["mqtt: base_topic", "zigbee2mqtt"]],
  },
  {
    // chirpstack.io integrations/mqtt: application/<id>/device/<devEui>/event/<type>.
    id: "chirpstack",
    title: "ChirpStack",
    publish: () => ["application/#"],
    subscribe: () => ["application/+/device/+/command/+"],
    settings: () => [["event_topic", "application/{{application_id}}/device/{{dev_eui}}/event/{{event}}"]],
  },
  {
    // Eclipse Sparkplug 3.0 chapter 4: an edge node speaks below spBv1.0/<group>; STATE is the host's.
    id: "sparkplug",
    title: "Sparkplug B edge node",
    publish: (name) => [`spBv1.0/+/+/${name}`, `spBv1.0/+/+/${name}/+`],
    subscribe: (name) => [`spBv1.0/+/NCMD/${name}`, `spBv1.0/+/DCMD/${name}/+`, "spBv1.0/STATE/+"],
    settings: (name) => [["Edge node id", name]],
  },
  {
    // homieiot/convention: homie/5/<device> and homie/<device>.
    id: "homie",
    title: "Homie",
    publish: (name) => [`homie/5/${name}/#`, `homie/${name}/#`],
    subscribe: (name) => [`homie/5/${name}/#`, `homie/${name}/#`],
    settings: (name) => [["Device id", name]],
  },
  {
    id: "reader",
    title: "Reads only (wall, lamp, Home Assistant, Node-RED)",
    publish: () => [],
    subscribe: () => ["porchlight/#", "homeassistant/#"],
    settings: () => [["Discovery prefix", "homeassistant"]],
  },
];
