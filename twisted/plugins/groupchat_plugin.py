from twisted.application.service import ServiceMaker

groupchat = ServiceMaker(
    name="groupchat",
    module="groupchat.tap",
    description="A group chat for nc, telnet and groupchat-connect",
    tapname="groupchat",
)
